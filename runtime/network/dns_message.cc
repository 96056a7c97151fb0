#include "runtime/network/dns_message.h"

#include <algorithm>

namespace dokku::runtime {
namespace {

constexpr unsigned char kAnswerBit = 0x80, kServerFailure = 2;

unsigned byte_at(std::string_view message, std::size_t at) {
  return static_cast<unsigned char>(message[at]);
}

unsigned question_count(std::string_view message) {
  return byte_at(message, 4) << 8 | byte_at(message, 5);
}

// Name, type and class from the end of the header on; empty when malformed.
std::string_view first_question(std::string_view message) {
  std::size_t at = kDnsHeaderBytes;
  while (at < message.size() && message[at] != 0) {
    const unsigned label = byte_at(message, at);
    if (label > 63) return {};  // a question's name has no pointers
    at += label + 1;
    if (at - kDnsHeaderBytes > 254) return {};
  }
  if (at + 5 > message.size()) return {};
  return message.substr(kDnsHeaderBytes, at + 5 - kDnsHeaderBytes);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

std::uint16_t dns_id(std::string_view message) {
  return static_cast<std::uint16_t>(byte_at(message, 0) << 8 | byte_at(message, 1));
}

void set_dns_id(std::string* message, std::uint16_t id) {
  (*message)[0] = static_cast<char>(id >> 8);
  (*message)[1] = static_cast<char>(id & 255);
}

std::string_view dns_question(std::string_view query) {
  if (query.size() < kDnsHeaderBytes || (byte_at(query, 2) & kAnswerBit) != 0) return {};
  return question_count(query) == 1 ? first_question(query) : std::string_view();
}

bool answers(std::string_view answer, std::string_view query, std::uint16_t id) {
  if (answer.size() < kDnsHeaderBytes || dns_id(answer) != id) return false;
  if ((byte_at(answer, 2) & kAnswerBit) == 0) return false;
  // Some servers refuse without repeating the question.
  if (question_count(answer) == 0) return (byte_at(answer, 3) & 15) != 0;
  const std::string_view asked = dns_question(query), told = first_question(answer);
  return !told.empty() && question_count(answer) == 1 &&
         std::equal(asked.begin(), asked.end(), told.begin(), told.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

std::string dns_failure(std::string_view query) {
  std::string failure(query.substr(0, kDnsHeaderBytes));
  failure += dns_question(query);
  failure[2] = static_cast<char>(byte_at(query, 2) | kAnswerBit);
  failure[3] = static_cast<char>(kAnswerBit | kServerFailure);
  std::fill(failure.begin() + 6, failure.begin() + kDnsHeaderBytes, '\0');
  return failure;
}

}  // namespace dokku::runtime
