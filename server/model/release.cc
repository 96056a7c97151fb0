#include "server/model/release.h"

#include <array>
#include <utility>

namespace dokku::server {
namespace {

constexpr std::array<std::pair<ReleaseState, std::string_view>, 6> kNames{{
    {ReleaseState::building, "building"},
    {ReleaseState::built, "built"},
    {ReleaseState::starting, "starting"},
    {ReleaseState::live, "live"},
    {ReleaseState::retired, "retired"},
    {ReleaseState::failed, "failed"},
}};

}  // namespace

std::string_view name_of(ReleaseState state) {
  for (const auto& [value, name] : kNames) {
    if (value == state) return name;
  }
  return "unknown";
}

Result<ReleaseState> parse_release_state(std::string_view text) {
  for (const auto& [value, name] : kNames) {
    if (name == text) return value;
  }
  return fail(Errc::internal, "unknown release state " + std::string(text));
}

}  // namespace dokku::server
