#include "proxy/h1/body.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace dokku::proxy::h1 {
namespace {

using http::Body;
using Status = BodyDecoder::Status;

struct Outcome {
  Status status = Status::more;
  std::size_t consumed = 0;
  std::string content;
  std::string trailers;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// Feeds `bytes` in pieces of `piece` bytes.
Outcome decode(const std::string& bytes, std::size_t piece, Body kind, std::uint64_t length) {
  BodyDecoder decoder;
  decoder.start(kind, length);
  Outcome outcome;
  outcome.status = decoder.done() ? Status::done : Status::more;
  while (outcome.consumed < bytes.size() && outcome.status == Status::more) {
    std::string input = bytes.substr(outcome.consumed, piece);
    const BodyDecoder::Step step = decoder.next_all(input.data(), input.size());
    outcome.content += step.data;
    outcome.consumed += step.consumed;
    outcome.status = step.status;
  }
  if (outcome.status == Status::done) outcome.trailers = decoder.trailers();
  return outcome;
}

struct Row {
  const char* name;
  std::string bytes;
  Status status;
  std::string content = "";
  std::string trailers = "";
};

class ChunkedBody : public testing::TestWithParam<Row> {};

TEST_P(ChunkedBody, MeansTheSameInPiecesOfEverySize) {
  const Row& row = GetParam();
  const Outcome whole = decode(row.bytes, row.bytes.size(), Body::chunked, 0);
  EXPECT_EQ(whole.status, row.status);
  if (row.status != Status::bad) {
    EXPECT_EQ(whole.content, row.content);
  }
  EXPECT_EQ(whole.trailers, row.trailers);
  for (std::size_t piece = 1; piece < std::min<std::size_t>(row.bytes.size(), 64); ++piece) {
    const Outcome cut = decode(row.bytes, piece, Body::chunked, 0);
    EXPECT_EQ(cut.status, whole.status) << piece;
    EXPECT_EQ(cut.content, whole.content) << piece;
    EXPECT_EQ(cut.trailers, whole.trailers) << piece;
    if (row.status == Status::done) {
      EXPECT_EQ(cut.consumed, whole.consumed) << piece;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    , ChunkedBody,
    testing::Values(
        Row{"Empty", "0\r\n\r\n", Status::done},
        Row{"One", "3\r\nabc\r\n0\r\n\r\n", Status::done, "abc"},
        Row{"Several", "3\r\nabc\r\n1\r\nd\r\n00a\r\n0123456789\r\n0\r\n\r\n", Status::done,
            "abcd0123456789"},
        Row{"UpperAndLowerHex", "A\r\n0123456789\r\nb\r\n0123456789a\r\n0\r\n\r\n", Status::done,
            "01234567890123456789a"},
        Row{"NextRequestIsLeft", "1\r\na\r\n0\r\n\r\nGET / HTTP/1.1", Status::done, "a"},
        Row{"Unfinished", "3\r\nab", Status::more, "ab"},
        Row{"HexPrefix", "0x3\r\nabc\r\n0\r\n\r\n", Status::bad},
        Row{"Plus", "+3\r\nabc\r\n0\r\n\r\n", Status::bad},
        Row{"Minus", "-3\r\nabc\r\n0\r\n\r\n", Status::bad},
        Row{"LeadingSpace", " 3\r\nabc\r\n0\r\n\r\n", Status::bad},
        Row{"SpaceAfterSize", "3 \r\nabc\r\n0\r\n\r\n", Status::bad},
        Row{"NoSize", "\r\nabc\r\n", Status::bad},
        Row{"FifteenDigits", "000000000000003\r\nabc\r\n0\r\n\r\n", Status::done, "abc"},
        Row{"SixteenDigits", "0000000000000003\r\nabc\r\n0\r\n\r\n", Status::bad},
        Row{"BareLfAfterSize", "3\nabc\r\n0\r\n\r\n", Status::bad},
        Row{"BareLfAfterData", "3\r\nabc\n0\r\n\r\n", Status::bad},
        Row{"DataLongerThanSize", "3\r\nabcd\r\n0\r\n\r\n", Status::bad},
        Row{"BareCrAfterSize", "3\rabc\r\n0\r\n\r\n", Status::bad},
        Row{"Extension", "3;a\r\nabc\r\n0;b=c\r\n\r\n", Status::done, "abc"},
        Row{"ExtensionBlanks", "3 ; a = b ;c\r\nabc\r\n0\r\n\r\n", Status::done, "abc"},
        Row{"ExtensionQuoted", "3;a=\"b;\\\"c\"\r\nabc\r\n0\r\n\r\n", Status::done, "abc"},
        Row{"ExtensionBareLf", "3;a\nabc\r\n0\r\n\r\n", Status::bad},
        Row{"ExtensionBareCr", "3;a\rb\r\nabc\r\n0\r\n\r\n", Status::bad},
        Row{"ExtensionLfInQuotes", "3;a=\"\n\"\r\nabc\r\n0\r\n\r\n", Status::bad},
        Row{"ExtensionWithoutName", "3;\r\nabc\r\n0\r\n\r\n", Status::bad},
        Row{"ExtensionTooLong", "3;" + std::string(5000, 'a') + "\r\nabc\r\n0\r\n\r\n",
            Status::bad},
        Row{"Trailer", "0\r\nA: b\r\nC:d\r\n\r\n", Status::done, "", "A: b\r\nC: d\r\n"},
        Row{"TrailerFraming", "0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
            Status::done},
        Row{"TrailerRouting", "0\r\nHost: b\r\nX-Forwarded-For: c\r\nA_B: c\r\n\r\n", Status::done},
        Row{"TrailerBareLf", "0\r\nA: b\n\r\n", Status::bad},
        Row{"TrailerNoField", "0\r\nA b\r\n\r\n", Status::bad},
        Row{"TrailerFold", "0\r\nA: b\r\n c\r\n\r\n", Status::bad},
        Row{"TrailerTooLong", "0\r\nA: " + std::string(9000, 'b') + "\r\n\r\n", Status::bad}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Body, OfKnownLengthEndsByCount) {
  const Outcome outcome = decode("abcdef", 6, Body::length, 4);
  EXPECT_EQ(outcome, (Outcome{Status::done, 4, "abcd", ""}));
  EXPECT_EQ(decode("", 1, Body::length, 0).status, Status::done);
  EXPECT_EQ(decode("", 1, Body::none, 0).status, Status::done);
}

TEST(Body, UntilCloseNeverEndsByItself) {
  EXPECT_EQ(decode("abc", 2, Body::until_close, 0), (Outcome{Status::more, 3, "abc", ""}));
}

}  // namespace
}  // namespace dokku::proxy::h1
