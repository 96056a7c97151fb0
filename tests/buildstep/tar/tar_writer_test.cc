#include "buildstep/tar/tar_writer.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <utility>

#include "base/atomic_file.h"
#include "base/io.h"
#include "base/process.h"

namespace dokku::buildstep {
namespace {

namespace fs = std::filesystem;

// Entries as a tar, and what GNU tar makes of it.
class Tar {
 public:
  void add(const TarEntry& entry, const std::string& data = "") {
    EXPECT_TRUE(writer_.add(entry).has_value());
    EXPECT_TRUE(writer_.data(data).has_value());
  }
  void file(const std::string& path, const std::string& data) {
    add({.path = path, .size = data.size()}, data);
  }
  const std::string& bytes() {
    const Result<> finished = std::exchange(finished_, true) ? Result<>() : writer_.finish();
    EXPECT_TRUE(finished.has_value());
    return bytes_;
  }
  std::string listing() {
    std::string name = (fs::temp_directory_path() / "dokku-tar-XXXXXX").string();
    const fs::path folder = ::mkdtemp(name.data());
    EXPECT_TRUE(write_file_atomically(folder / "tar", bytes()).has_value());
    Result<Pipe> output = make_pipe();
    ProcessSpec spec{.program = "/bin/tar",
                     .arguments = {"tar", "--utc", "--quoting-style=literal", "-tvf",
                                   (folder / "tar").string()},
                     .environment = {}};
    spec.stdout_fd = output->write.get();
    Result<Process> process = Process::start(spec);
    output->write.reset();
    std::string text = *read_all(output->read.get(), 1 << 20);
    EXPECT_TRUE(process->wait()->ok());
    std::error_code ignored;
    fs::remove_all(folder, ignored);
    return text;
  }

 private:
  bool finished_ = false;
  std::string bytes_;
  TarWriter writer_{[this](std::string_view piece) {
    bytes_ += piece;
    return Result<>();
  }};
};

TEST(TarWriter, WritesFilesFoldersAndLinks) {
  Tar tar;
  tar.add({.path = "app", .mode = S_IFDIR | 0755, .uid = 32767, .gid = 32767, .time = 946684800});
  tar.add({.path = "app/run", .mode = S_IFREG | 04750, .time = 946684800, .size = 3}, "run");
  tar.add({.path = "app/twin", .time = 946684800, .size = 3, .twin = "app/run"});
  tar.add({.path = "app/to", .mode = S_IFLNK | 0777, .time = 946684800, .link = "../etc"});
  EXPECT_EQ(tar.listing(),
            "drwxr-xr-x 32767/32767       0 2000-01-01 00:00 app/\n"
            "-rwsr-x--- 0/0               3 2000-01-01 00:00 app/run\n"
            "hrw-r--r-- 0/0               0 2000-01-01 00:00 app/twin link to app/run\n"
            "lrwxrwxrwx 0/0               0 2000-01-01 00:00 app/to -> ../etc\n");
}

struct NameCase {
  const char* name;
  std::string path;
};

class TarWriterName : public testing::TestWithParam<NameCase> {};

TEST_P(TarWriterName, IsStoredAsItIs) {
  Tar tar;
  tar.file(GetParam().path, "1");
  tar.add({.path = "link", .mode = S_IFLNK | 0777, .link = GetParam().path});
  tar.add({.path = "twin", .twin = GetParam().path});
  tar.file("after", "2");
  const std::string list = tar.listing();
  EXPECT_NE(list.find(" " + GetParam().path + "\n"), std::string::npos) << list;
  EXPECT_NE(list.find(" link -> " + GetParam().path + "\n"), std::string::npos) << list;
  EXPECT_NE(list.find(" twin link to " + GetParam().path + "\n"), std::string::npos) << list;
  EXPECT_NE(list.find(" after\n"), std::string::npos) << list;
}

INSTANTIATE_TEST_SUITE_P(, TarWriterName,
                         testing::Values(NameCase{"Short", "a"}, NameCase{"Utf8", "h\xc3\xa4user"},
                                         NameCase{"NoUtf8", "a\xff\xfe"},
                                         NameCase{"Of99", std::string(99, 'x')},
                                         NameCase{"Of100", std::string(100, 'x')},
                                         NameCase{"Of101", std::string(101, 'x')},
                                         NameCase{"OfABlock", "d/" + std::string(510, 'x')},
                                         NameCase{"OfManyBlocks", std::string(3000, 'x')}),
                         [](const auto& row) { return std::string(row.param.name); });

TEST(TarWriter, PadsDataOfEachSize) {
  for (const std::size_t size : {0U, 1U, 511U, 512U, 513U, 300'000U}) {
    Tar tar;
    tar.file("first", std::string(size, 'x'));
    tar.file("second", "y");
    const std::string list = tar.listing();
    EXPECT_NE(list.find(" second\n"), std::string::npos) << size;
    EXPECT_EQ(tar.bytes().size() % 512, 0U) << size;
  }
}

// 8 GiB and more do not fit into eleven octal digits; ids beyond 2097151 not into seven.
TEST(TarWriter, WritesLargeNumbersInBase256) {
  std::string header;
  TarWriter writer([&](std::string_view piece) {
    header += piece.substr(0, 512 - std::min<std::size_t>(512, header.size()));
    return Result<>();
  });
  ASSERT_TRUE(writer.add({.path = "big", .uid = 3'000'000, .size = 8ULL << 30}).has_value());
  ASSERT_TRUE(writer.data(std::string(256 << 10, 'x')).has_value());
  EXPECT_EQ(header.substr(108, 8), std::string("\x80\0\0\0\0\x2d\xc6\xc0", 8));
  EXPECT_EQ(header.substr(124, 12), std::string("\x80\0\0\0\0\0\0\2\0\0\0\0", 12));
}

TEST(TarWriter, AnErrorOfTheSinkIsTheCallers) {
  TarWriter writer([](std::string_view) { return Result<>(fail(Errc::internal, "disk full")); });
  ASSERT_TRUE(writer.add({.path = "a"}).has_value());
  const Result<> done = writer.finish();
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().message(), "disk full");
}

}  // namespace
}  // namespace dokku::buildstep
