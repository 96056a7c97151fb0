#include "cli/wire/frame.h"

#include <gtest/gtest.h>

#include <random>

namespace dokku::cli::wire {
namespace {

TEST(FrameReader, CutsAStreamAtAnyPlace) {
  const std::string stream = greeting() + encode(FrameType::out, "hello") +
                             encode(FrameType::err, "") + encode(FrameType::exit, "\x07", 2);
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    FrameReader reader(From::daemon);
    std::vector<Frame> frames;
    for (const std::string& piece : {stream.substr(0, cut), stream.substr(cut)}) {
      reader.feed(piece);
      for (;;) {
        Result<std::optional<Frame>> frame = reader.next();
        ASSERT_TRUE(frame.has_value());
        if (!*frame) break;
        frames.push_back(**frame);
      }
    }
    ASSERT_EQ(frames.size(), 3U);
    EXPECT_EQ(frames[0].payload, "hello");
    EXPECT_EQ(frames[1].type, FrameType::err);
    EXPECT_EQ(frames[2].descriptors, 2U);
  }
}

TEST(FrameReader, SaysThePeersVersion) {
  FrameReader reader(From::client);
  reader.feed(greeting(258).substr(0, 7));
  EXPECT_FALSE(reader.version()->has_value());
  reader.feed(greeting(258).substr(7));
  EXPECT_EQ(reader.version()->value(), 258);
}

struct BadCase {
  const char* name;
  std::string bytes;
  const char* message;
};

class BadFrames : public testing::TestWithParam<BadCase> {};

TEST_P(BadFrames, AreRefusedByName) {
  FrameReader reader(From::client);
  reader.feed(GetParam().bytes);
  const Result<std::optional<Frame>> frame = reader.next();
  ASSERT_FALSE(frame.has_value());
  EXPECT_EQ(frame.error().code(), Errc::invalid_argument);
  EXPECT_NE(frame.error().message().find(GetParam().message), std::string::npos)
      << frame.error().message();
}

std::string header(std::string_view bytes) { return greeting() + std::string(bytes); }

INSTANTIATE_TEST_SUITE_P(
    , BadFrames,
    testing::Values(BadCase{"Http", "GET / HTTP/1.1\r\n", "does not speak"},
                    BadCase{"Daemons", greeting() + encode(FrameType::out, "x"), "type 32"},
                    BadCase{"TypeZero", header({"\0\0\0\0\0\0\0\0", 8}), "type 0"},
                    BadCase{"TooLong", header({"\xff\xff\xff\xff\x02\0\0\0", 8}), "too long"},
                    BadCase{"InputTooLong", header({"\x01\0\x02\0\x04\0\0\0", 8}), "too long"},
                    BadCase{"Descriptors", header({"\0\0\0\0\x01\x09\0\0", 8}), "descriptors"},
                    BadCase{"Reserved", header({"\0\0\0\0\x02\0\x01\0", 8}), "reserved"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(FrameReader, SurvivesAnyBytes) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 20000; ++round) {
    FrameReader reader(round % 2 == 0 ? From::client : From::daemon);
    std::string bytes = greeting() + encode(FrameType::input, "some input");
    for (std::size_t flips = random() % 4; flips > 0; --flips) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    reader.feed(bytes);
    for (int i = 0; i < 8; ++i) {
      const Result<std::optional<Frame>> frame = reader.next();
      if (!frame || !*frame) break;
    }
  }
}

}  // namespace
}  // namespace dokku::cli::wire
