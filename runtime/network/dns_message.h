// The little of DNS that a forwarder must understand (RFC 1035 §4.1): one question, and whether an
// answer is to it. Pure functions over foreign bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dokku::runtime {

inline constexpr std::size_t kDnsHeaderBytes = 12;

std::uint16_t dns_id(std::string_view message);
void set_dns_id(std::string* message, std::uint16_t id);

// The bytes of the only question (name, type, class); empty when `message` is not a query with
// exactly one well-formed question.
std::string_view dns_question(std::string_view query);

// Whether `answer` may be passed on as the answer to `query`, whose id on the wire was `id`.
bool answers(std::string_view answer, std::string_view query, std::uint16_t id);

// "Server failure", with the client's id.
std::string dns_failure(std::string_view query);

}  // namespace dokku::runtime
