// app.json's "env": variables that an app wants to have.
//
// The first deploy sets what the config lacks, later ones only what is marked "sync", so that what
// people set is theirs. Before the build: packs see it.
#include <sys/random.h>

#include <array>
#include <cerrno>

#include "server/deploy/pipeline.h"
#include "server/store/config.h"
#include "server/store/releases.h"

namespace dokku::server {
namespace {

// 64 hexadecimal digits from the kernel.
Result<std::string> new_secret() {
  std::array<unsigned char, 32> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return fail_syscall("getrandom", errno);
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 0xF];
  }
  return text;
}

Fail nobody_to_ask(const std::string& app, const std::vector<std::string>& keys) {
  std::string lines;
  std::string pairs;
  for (const std::string& key : keys) {
    lines += "required env var " + key + " has no value, no default, and no TTY for prompt\n";
    pairs += " " + key + "=VALUE";
  }
  return fail(Errc::invalid_argument,
              lines + "Set it, then push again: dokku config:set " + app + pairs);
}

struct Found {
  ConfigValues values;
  std::vector<std::string> lines;    // for the person who pushed
  std::vector<std::string> missing;  // required
};

Result<> look_at(const EnvWish& wish, bool first, const ConfigValues& now, Found& found) {
  const auto has = now.find(wish.key);
  const bool sync = wish.sync && wish.value;
  if (sync && (has == now.end() || has->second != *wish.value)) {
    found.values[wish.key] = *wish.value;
    found.lines.push_back("Setting " + wish.key + " as app.json says");
  } else if (!first || has != now.end()) {
    // Theirs.
  } else if (wish.secret) {
    found.values[wish.key] = TRY(new_secret());
    found.lines.push_back("Setting " + wish.key + " to a new secret");
  } else if (wish.value) {
    found.values[wish.key] = *wish.value;
    found.lines.push_back("Setting " + wish.key + " to the default in app.json");
  } else if (wish.required) {
    found.missing.push_back(wish.key);
  }
  return {};
}

}  // namespace

Result<ConfigValues> Pipeline::set_app_env(Deploy& deploy, const AppJson& json, Release& building) {
  if (json.env.empty()) return ConfigValues();
  deploy.progress.step("Processing app.json env vars");
  ConfigValues now;
  bool first = false;
  const auto look = [&](ReadTx& tx) -> Result<> {
    const auto live = TRY(live_release(tx, deploy.app.id));
    first = !live.has_value();
    now = TRY(merged_config_at(tx, deploy.app.id, building.config));
    return {};
  };
  TRY(parts_.store.read(look));
  Found found;
  for (const EnvWish& wish : json.env) TRY(look_at(wish, first, now, found));
  if (!found.missing.empty()) return nobody_to_ask(deploy.name(), found.missing);
  if (found.values.empty()) return ConfigValues();
  building.config.app = TRY(parts_.set_config(deploy.app, found.values, deploy.by));
  deploy.progress.step("Setting " + std::to_string(found.lines.size()) +
                       " env var(s) from app.json");
  for (const std::string& line : found.lines) deploy.progress.detail(line);
  return std::move(found.values);
}

}  // namespace dokku::server
