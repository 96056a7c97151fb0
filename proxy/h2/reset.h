// Why a stream ended without its end (RFC 9113 §7), as far as anybody acts on it.
#pragma once

#include <cstdint>

namespace dokku::proxy::h2 {

enum class Reset : std::uint8_t {
  no_error,
  internal_error,  // and every code that is not listed
  refused,         // not processed: may be sent again
  cancel,
  calm,
  inadequate_security,
  http_1_1_required,
};

// The codes on the wire.
std::uint32_t code_of(Reset why);
Reset reset_of(std::uint32_t code);

}  // namespace dokku::proxy::h2
