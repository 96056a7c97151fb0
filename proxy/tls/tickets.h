// Ticket keys: what session tickets are sealed with, so that a client resumes at any worker.
//
// Made by the parent, rotated by it, handed to every worker (and to an upgraded program). Tickets
// of the key before the last rotation are still accepted, and renewed.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace dokku::proxy::tls {

inline constexpr std::chrono::hours kTicketKeyLife{12};

struct TicketKey {
  std::array<unsigned char, 16> name{};
  std::array<unsigned char, 32> cipher{};
  std::array<unsigned char, 32> mac{};
};

class TicketKeys {
 public:
  // One fresh key. internal: the system has no randomness.
  static Result<TicketKeys> make();
  // A fresh key comes first, the current one is kept for what it has sealed.
  Result<> rotate();

  // As bytes, for a channel to our own processes only. Secret.
  std::string encode() const;
  static Result<TicketKeys> decode(std::string_view bytes);

  const TicketKey& current() const { return current_; }
  const std::optional<TicketKey>& previous() const { return previous_; }

 private:
  TicketKey current_;
  std::optional<TicketKey> previous_;
};

}  // namespace dokku::proxy::tls
