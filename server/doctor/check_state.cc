// The store, who may get in, and the clock.
#include "server/doctor/checks.h"
#include "server/store/events.h"
#include "server/store/keys.h"
#include "server/store/store.h"

namespace dokku::server {
namespace {

constexpr std::chrono::minutes kSkewMax{2};

std::string octal(unsigned mode) {
  std::string text;
  for (unsigned shift = 12; shift > 0;) {
    shift -= 3;
    text += static_cast<char>('0' + ((mode >> shift) & 7U));
  }
  return text;
}

}  // namespace

Findings check_store(const DoctorParts& parts) {
  const Result<std::vector<std::string>> troubles = parts.store.check();
  const std::string mend =
      "dokku server:backup what can be read, stop dokkud, and see "
      "docs/operate.md, \"A damaged database\"";
  if (!troubles) return {wrong("store", troubles.error().message(), mend)};
  if (!troubles->empty()) {
    return {wrong("store", "the database is damaged: " + troubles->front(), mend)};
  }
  return {good("store", "the database is whole")};
}

Findings check_keys(const DoctorParts& parts) {
  Findings found;
  const auto keys = parts.store.read([](ReadTx& tx) { return list_keys(tx); });
  if (keys && keys->empty()) {
    found.push_back(
        wrong("keys", "no ssh key is known: nobody can push", "dokku ssh-keys:add NAME FILE.pub"));
  }
  // Secrets of the instance: root's alone.
  for (const auto& file : {parts.instance.database(), parts.instance.build_env_file}) {
    if (file.empty()) continue;
    const auto mode = parts.host->mode_of(file);
    if (!mode || ((mode->mode & 077U) == 0 && mode->owner == 0)) continue;
    found.push_back(wrong(
        "keys", file.string() + " holds secrets and others may read it (" + octal(mode->mode) + ")",
        "chown root " + file.string() + "; chmod 600 " + file.string()));
  }
  const auto authorized = parts.instance.home_dir / ".ssh" / "authorized_keys";
  const auto mode = parts.host->mode_of(authorized);
  if (mode && ((mode->mode & 022U) != 0 || mode->owner != 0)) {
    found.push_back(
        wrong("keys", authorized.string() + " can be written by others than root",
              "chown root " + authorized.string() + "; chmod 644 " + authorized.string()));
  }
  if (!found.empty()) return found;
  return {good("keys", std::to_string(keys ? keys->size() : 0) + " ssh keys, secrets are root's")};
}

Findings check_clock(const DoctorParts& parts) {
  const auto newest = parts.store.read([](ReadTx& tx) { return recent_events(tx, {.count = 1}); });
  if (newest && !newest->empty() && newest->back().at > parts.clock.wall() + kSkewMax) {
    return {wrong("clock", "the clock was set back: there are events of the future",
                  "timedatectl set-ntp true")};
  }
  if (!parts.host->clock_is_kept()) {
    return {note("clock", "nothing keeps the clock right (no NTP)",
                 "apt-get install systemd-timesyncd")};
  }
  return {good("clock", "it is kept right")};
}

}  // namespace dokku::server
