#include "cli/commands/cut_off.h"

namespace dokku::cli {
namespace {

// sysexits.h EX_TEMPFAIL, and the variable that says that the client knows it: cli/wire/messages.h.
constexpr int kTryAgain = 75;
constexpr const char* kTriesAgain = "DOKKU_TRIES_AGAIN";
constexpr auto kJustNow = std::chrono::seconds(60);

}  // namespace

std::optional<int> try_again_after_upgrade(Invocation& call, const std::string& so_far) {
  if (!call.session.environment().contains(kTriesAgain)) return std::nullopt;
  const auto last = server::UpgradeRecord::load(call.platform.instance);
  if (!last || !(last->under_way() || call.platform.clock.wall() - last->ended < kJustNow)) {
    return std::nullopt;
  }
  call.print.info1("dokku is being upgraded: " + so_far + ", the push begins again by itself");
  return kTryAgain;
}

}  // namespace dokku::cli
