#include "proxy/tls/tickets.h"

#include <sys/random.h>

#include <cerrno>
#include <cstring>

namespace dokku::proxy::tls {
namespace {

constexpr std::size_t kKeyBytes = 16 + 32 + 32;

Result<> fill(TicketKey& key) {
  for (void* part : {static_cast<void*>(key.name.data()), static_cast<void*>(key.cipher.data()),
                     static_cast<void*>(key.mac.data())}) {
    const std::size_t size = part == key.name.data() ? key.name.size() : key.cipher.size();
    if (::getrandom(part, size, 0) != static_cast<ssize_t>(size)) {
      return fail_syscall("getrandom", errno);
    }
  }
  return {};
}

void append(std::string& out, const TicketKey& key) {
  out.append(reinterpret_cast<const char*>(key.name.data()), key.name.size());
  out.append(reinterpret_cast<const char*>(key.cipher.data()), key.cipher.size());
  out.append(reinterpret_cast<const char*>(key.mac.data()), key.mac.size());
}

TicketKey key_at(std::string_view bytes) {
  TicketKey key;
  std::memcpy(key.name.data(), bytes.data(), key.name.size());
  std::memcpy(key.cipher.data(), bytes.data() + key.name.size(), key.cipher.size());
  std::memcpy(key.mac.data(), bytes.data() + key.name.size() + key.cipher.size(), key.mac.size());
  return key;
}

}  // namespace

Result<TicketKeys> TicketKeys::make() {
  TicketKeys keys;
  TRY(fill(keys.current_));
  return keys;
}

Result<> TicketKeys::rotate() {
  TicketKey fresh;
  TRY(fill(fresh));
  previous_ = current_;
  current_ = fresh;
  return {};
}

std::string TicketKeys::encode() const {
  std::string out;
  append(out, current_);
  if (previous_) append(out, *previous_);
  return out;
}

Result<TicketKeys> TicketKeys::decode(std::string_view bytes) {
  if (bytes.size() != kKeyBytes && bytes.size() != 2 * kKeyBytes) {
    return fail(Errc::invalid_argument, "ticket keys of a wrong size");
  }
  TicketKeys keys;
  keys.current_ = key_at(bytes);
  if (bytes.size() > kKeyBytes) keys.previous_ = key_at(bytes.substr(kKeyBytes));
  return keys;
}

}  // namespace dokku::proxy::tls
