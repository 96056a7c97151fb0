#include "server/store/setup_link.h"

#include <charconv>

#include "server/store/properties.h"

namespace dokku::server {
namespace {

constexpr const char* kName = "setup.link";  // "DIGEST SECONDS"

std::optional<SetupLink> parse(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == text.npos) return std::nullopt;
  std::int64_t seconds = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data() + space + 1, end, seconds);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return SetupLink{std::string(text.substr(0, space)), WallTime(std::chrono::seconds(seconds))};
}

}  // namespace

Result<std::optional<SetupLink>> setup_link(const ReadTx& tx, WallTime now) {
  const std::optional<std::string> text = TRY(property(tx, AppId::global, kName));
  const std::optional<SetupLink> link = text ? parse(*text) : std::nullopt;
  // A clock that was set back makes no link live longer.
  if (!link || link->until <= now || link->until > now + kSetupLinkLife) {
    return std::optional<SetupLink>();
  }
  return link;
}

Result<> set_setup_link(WriteTx& tx, const std::optional<SetupLink>& link) {
  if (!link) return set_property(tx, AppId::global, kName, std::nullopt);
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(link->until.time_since_epoch()).count();
  return set_property(tx, AppId::global, kName, link->digest + " " + std::to_string(seconds));
}

}  // namespace dokku::server
