#include "server/logs/log_reader.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "base/io.h"
#include "server/logs/segments.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

// "2026-11-21T02:00:00.<n>Z": later for a higher n.
std::string time_of(int n) {
  char text[40];
  std::snprintf(text, sizeof text, "2026-11-21T02:00:00.%09dZ", n);
  return text;
}

class LogReaderTest : public testing::Test {
 protected:
  LogReaderTest() {
    std::string pattern = (fs::temp_directory_path() / "logs-test-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    app_ = root_ / "blog";
  }
  ~LogReaderTest() override { fs::remove_all(root_); }

  fs::path segment(const std::string& process, const std::string& container, unsigned sequence) {
    fs::create_directories(app_ / process);
    return Segment{app_ / process, "00000000000000000001-" + container, sequence}.path();
  }

  static void append(const fs::path& path, std::string_view bytes) {
    Result<UniqueFd> file = open_file(path, O_WRONLY | O_CREAT | O_APPEND);
    ASSERT_TRUE(file.has_value());
    ASSERT_TRUE(write_all(file->get(), bytes).has_value());
  }
  static std::string record(int n, const std::string& text, char stream = 'o', char flag = 'F') {
    return time_of(n) + " " + stream + " " + flag + " " + text + "\n";
  }

  LogReader open(LogQuery query = {}) {
    query.app_dir = app_;
    Result<LogReader> reader = LogReader::open(query);
    EXPECT_TRUE(reader.has_value());
    return *std::move(reader);
  }
  static std::vector<std::string> read(LogReader* reader) {
    std::vector<std::string> lines;
    EXPECT_TRUE(reader
                    ->read([&](const LogLine& line) {
                      lines.push_back(line.process + ": " + line.text);
                      return true;
                    })
                    .has_value());
    return lines;
  }
  static bool readable(const LogReader& reader, int limit_ms) {
    pollfd ready{reader.fd(), POLLIN, 0};
    return ::poll(&ready, 1, limit_ms) == 1;
  }

  fs::path root_, app_;
};

using Lines = std::vector<std::string>;

TEST_F(LogReaderTest, AnAppWithoutLogsHasNoLines) {
  LogReader reader = open();
  EXPECT_EQ(read(&reader), Lines{});
}

TEST_F(LogReaderTest, MergesProcessesAndGenerationsByTime) {
  append(segment("web.1", "old", 1), record(1, "a") + record(4, "d"));
  append(segment("web.1", "new", 1), record(3, "c") + record(5, "e"));
  append(segment("worker.1", "w", 1), record(2, "b", 'e') + record(6, "f"));
  LogReader reader = open();
  EXPECT_EQ(read(&reader),
            (Lines{"web.1: a", "worker.1: b", "web.1: c", "web.1: d", "web.1: e", "worker.1: f"}));
}

TEST_F(LogReaderTest, ShowsTheLastLinesOfAllOrOfEach) {
  append(segment("web.1", "x", 1), record(1, "a") + record(2, "b") + record(6, "f"));
  append(segment("worker.1", "w", 1), record(3, "c") + record(4, "d") + record(5, "e"));
  LogReader all = open({.lines = 2});
  EXPECT_EQ(read(&all), (Lines{"worker.1: e", "web.1: f"}));
  LogReader each = open({.lines = 2, .per_process = true});
  EXPECT_EQ(read(&each), (Lines{"web.1: b", "worker.1: d", "worker.1: e", "web.1: f"}));
  LogReader none = open({.lines = 0});
  EXPECT_EQ(read(&none), Lines{});
}

TEST_F(LogReaderTest, FiltersByTypeOrProcess) {
  append(segment("web.1", "x", 1), record(1, "a"));
  append(segment("web.2", "y", 1), record(2, "b"));
  append(segment("webhook.1", "z", 1), record(3, "c"));
  LogReader type = open({.process = "web"});
  EXPECT_EQ(read(&type), (Lines{"web.1: a", "web.2: b"}));
  LogReader one = open({.process = "web.2"});
  EXPECT_EQ(read(&one), Lines{"web.2: b"});
  LogReader missing = open({.process = "cron"});
  EXPECT_EQ(read(&missing), Lines{});
}

TEST_F(LogReaderTest, CountsBackOverSegments) {
  append(segment("web.1", "x", 1), record(1, "a") + record(2, "b"));
  append(segment("web.1", "x", 2), record(3, "c") + record(4, "d"));
  append(segment("web.1", "x", 3), record(5, "e"));
  for (std::size_t lines = 1; lines <= 6; ++lines) {
    LogReader reader = open({.lines = lines});
    EXPECT_EQ(read(&reader).size(), std::min<std::size_t>(lines, 5)) << lines;
  }
}

TEST_F(LogReaderTest, CountsBackOverManyBlocks) {
  std::string bytes;
  for (int i = 0; i < 20000; ++i) bytes += record(i, "line " + std::to_string(i));
  append(segment("web.1", "x", 1), bytes);
  for (std::size_t lines : {1U, 399U, 400U, 5000U, 19999U, 20000U}) {
    LogReader reader = open({.lines = lines});
    const Lines seen = read(&reader);
    ASSERT_EQ(seen.size(), lines);
    EXPECT_EQ(seen.front(), "web.1: line " + std::to_string(20000 - lines));
    EXPECT_EQ(seen.back(), "web.1: line 19999");
  }
}

TEST_F(LogReaderTest, JoinsPiecesOfALine) {
  append(segment("web.1", "x", 1),
         record(1, "half ", 'o', 'P') + record(2, "other", 'e') + record(3, "done"));
  LogReader reader = open({.lines = 2});
  EXPECT_EQ(read(&reader), (Lines{"web.1: other", "web.1: half done"}));
}

TEST_F(LogReaderTest, LeavesATornLastLineUntilItIsWhole) {
  const fs::path path = segment("web.1", "x", 1);
  const std::string torn = record(2, "later");
  append(path, record(1, "a") + torn.substr(0, 20));
  LogReader reader = open({.follow = true});
  EXPECT_EQ(read(&reader), Lines{"web.1: a"});
  append(path, torn.substr(20));
  EXPECT_TRUE(readable(reader, 5000));
  EXPECT_EQ(read(&reader), Lines{"web.1: later"});
}

TEST_F(LogReaderTest, ForgetsATornLineThatItsWriterTookBack) {
  const fs::path path = segment("web.1", "x", 1);
  append(path, record(1, "a") + "2026-11-21T02:00");
  LogReader reader = open({.follow = true});
  EXPECT_EQ(read(&reader), Lines{"web.1: a"});
  fs::resize_file(path, record(1, "a").size());
  append(path, record(2, "b"));
  EXPECT_EQ(read(&reader), Lines{"web.1: b"});
}

TEST_F(LogReaderTest, SkipsWhatIsNoRecord) {
  append(segment("web.1", "x", 1), "garbage\n\n" + record(1, "a") + std::string("\0\0\n", 3));
  LogReader reader = open();
  EXPECT_EQ(read(&reader), Lines{"web.1: a"});
}

TEST_F(LogReaderTest, TellsWhatWasDropped) {
  append(segment("web.1", "x", 1), record(1, "start x", 's') + record(2, "a") +
                                       record(3, "dropped 12", 's') + record(4, "end", 's'));
  LogReader reader = open();
  EXPECT_EQ(read(&reader), (Lines{"web.1: a", "web.1: dropped 12 lines"}));
}

TEST_F(LogReaderTest, FollowsOverRotationWithoutGapOrDouble) {
  append(segment("web.1", "x", 1), record(0, "0"));
  LogReader reader = open({.lines = 0, .follow = true});
  Lines seen = read(&reader), expected;
  for (int n = 1; n <= 60; ++n) {
    append(segment("web.1", "x", 1 + static_cast<unsigned>(n) / 7), record(n, std::to_string(n)));
    expected.push_back("web.1: " + std::to_string(n));
    if (n % 3 == 0) {
      ASSERT_TRUE(readable(reader, 5000));
      for (std::string& line : read(&reader)) seen.push_back(std::move(line));
    }
  }
  EXPECT_EQ(seen, expected);
}

TEST_F(LogReaderTest, FollowsNewGenerationsAndProcesses) {
  append(segment("web.1", "x", 1), record(1, "a"));
  LogReader reader = open({.follow = true});
  EXPECT_EQ(read(&reader), Lines{"web.1: a"});
  append(segment("web.1", "y", 1), record(2, "b"));
  ASSERT_TRUE(readable(reader, 5000));
  EXPECT_EQ(read(&reader), Lines{"web.1: b"});
  append(segment("worker.1", "z", 1), record(3, "c"));
  ASSERT_TRUE(readable(reader, 5000));
  EXPECT_EQ(read(&reader), Lines{"worker.1: c"});
  EXPECT_FALSE(readable(reader, 0));
}

TEST_F(LogReaderTest, GoesOnAfterACallbackThatStops) {
  append(segment("web.1", "x", 1), record(1, "a") + record(2, "b") + record(3, "c"));
  LogReader reader = open();
  std::string first;
  ASSERT_TRUE(reader
                  .read([&](const LogLine& line) {
                    first = line.text;
                    return false;
                  })
                  .has_value());
  EXPECT_EQ(first, "a");
  EXPECT_EQ(read(&reader), (Lines{"web.1: b", "web.1: c"}));
}

TEST_F(LogReaderTest, SplitsALineWithoutEnd) {
  const fs::path path = segment("web.1", "x", 1);
  for (int n = 0; n < 40; ++n) append(path, record(n, std::string(16384, 'x'), 'o', 'P'));
  LogReader reader = open();
  const Lines seen = read(&reader);
  ASSERT_EQ(seen.size(), 2U);
  EXPECT_EQ(seen[0].size(), kLogLineBytesMax + 7);
}

TEST_F(LogReaderTest, TrimsTheOldestFirstAndSparesTheLocked) {
  append(segment("web.1", "x", 1), std::string(1000, 'a'));
  append(segment("web.1", "x", 2), std::string(1000, 'b'));
  append(segment("web.2", "y", 1), std::string(1000, 'c'));
  const fs::path oldest = segment("web.1", "x", 1), newest = segment("web.2", "y", 1);
  const auto now = fs::last_write_time(newest);
  fs::last_write_time(oldest, now - std::chrono::hours(2));
  fs::last_write_time(segment("web.1", "x", 2), now - std::chrono::hours(1));
  EXPECT_EQ(*trim_logs(root_, 2500), 1000U);
  EXPECT_FALSE(fs::exists(oldest));
  EXPECT_EQ(*trim_logs(root_, 2500), 0U);
  EXPECT_TRUE(remove_logs(app_).has_value());
  EXPECT_FALSE(fs::exists(app_));
  EXPECT_TRUE(remove_logs(app_).has_value());
}

}  // namespace
}  // namespace dokku::server
