#include "runtime/network/dns_message.h"

#include <gtest/gtest.h>

#include <random>

namespace dokku::runtime {
namespace {

std::string message(std::uint16_t id, unsigned flags, const std::string& name) {
  std::string bytes(kDnsHeaderBytes, '\0');
  set_dns_id(&bytes, id);
  bytes[2] = static_cast<char>(flags >> 8);
  bytes[3] = static_cast<char>(flags & 255);
  bytes[5] = 1;
  bytes += static_cast<char>(name.size());
  return bytes + name + std::string("\0\0\x01\0\x01", 5);
}

TEST(DnsMessage, AcceptsTheAnswerToItsQuestionOnly) {
  const std::string query = message(7, 0x0100, "blog");
  EXPECT_TRUE(answers(message(99, 0x8180, "blog"), query, 99));
  EXPECT_TRUE(answers(message(99, 0x8180, "bLoG"), query, 99));
  EXPECT_FALSE(answers(message(98, 0x8180, "blog"), query, 99));
  EXPECT_FALSE(answers(message(99, 0x8180, "evil"), query, 99));
  EXPECT_FALSE(answers(message(99, 0x0100, "blog"), query, 99));
  EXPECT_FALSE(answers(message(99, 0x8180, "blogs"), query, 99));
  EXPECT_FALSE(answers("", query, 99));
}

TEST(DnsMessage, AcceptsARefusalWithoutQuestion) {
  const std::string query = message(7, 0x0100, "blog");
  std::string refusal = message(99, 0x8185, "blog").substr(0, kDnsHeaderBytes);
  refusal[5] = 0;
  EXPECT_TRUE(answers(refusal, query, 99));
  refusal[3] = '\x80';
  EXPECT_FALSE(answers(refusal, query, 99));
}

TEST(DnsMessage, RefusesWhatIsNoQuery) {
  EXPECT_EQ(dns_question(message(1, 0x0100, "blog")).size(), 10U);
  EXPECT_TRUE(dns_question(message(1, 0x8100, "blog")).empty());
  EXPECT_TRUE(dns_question("short").empty());
  std::string cut = message(1, 0, "blog");
  cut.pop_back();
  EXPECT_TRUE(dns_question(cut).empty());
  std::string pointer = message(1, 0, "blog");
  pointer[12] = '\xc0';
  EXPECT_TRUE(dns_question(pointer).empty());
  std::string two = message(1, 0, "blog");
  two[5] = 2;
  EXPECT_TRUE(dns_question(two).empty());
}

TEST(DnsMessage, FailureKeepsIdAndQuestion) {
  const std::string failure = dns_failure(message(7, 0x0100, "blog"));
  EXPECT_EQ(dns_id(failure), 7);
  EXPECT_TRUE(answers(failure, message(7, 0x0100, "blog"), 7));
  EXPECT_EQ(failure[3] & 15, 2);
}

TEST(DnsMessage, SurvivesAnyBytes) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const std::string query = message(7, 0x0100, "blog");
  for (int round = 0; round < 20000; ++round) {
    std::string bytes(random() % 64, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    dns_question(bytes);
    answers(bytes, query, 7);
    if (!dns_question(bytes).empty()) dns_failure(bytes);
  }
}

}  // namespace
}  // namespace dokku::runtime
