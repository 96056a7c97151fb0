#include "proxy/h2/reset.h"

#include <array>
#include <utility>

namespace dokku::proxy::h2 {
namespace {

constexpr std::array<std::pair<Reset, std::uint32_t>, 7> kCodes{{
    {Reset::no_error, 0x0},
    {Reset::internal_error, 0x2},
    {Reset::refused, 0x7},
    {Reset::cancel, 0x8},
    {Reset::calm, 0xb},
    {Reset::inadequate_security, 0xc},
    {Reset::http_1_1_required, 0xd},
}};

}  // namespace

std::uint32_t code_of(Reset why) {
  for (const auto& [each, code] : kCodes) {
    if (each == why) return code;
  }
  return code_of(Reset::internal_error);
}

Reset reset_of(std::uint32_t code) {
  for (const auto& [each, known] : kCodes) {
    if (known == code) return each;
  }
  return Reset::internal_error;
}

}  // namespace dokku::proxy::h2
