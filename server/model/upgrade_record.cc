#include "server/model/upgrade_record.h"

#include <array>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/io.h"

namespace dokku::server {
namespace {

using Json = nlohmann::json;
using State = UpgradeRecord::State;

constexpr std::array<State, 5> kStates{State::upgrading, State::undoing, State::done, State::undone,
                                       State::failed};

std::int64_t seconds_of(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

Fail bad(std::string_view key) {
  return fail(Errc::invalid_argument, "\"" + std::string(key) + "\" is missing or of another kind");
}

Result<std::string> text_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_string()) return bad(key);
  return found->get<std::string>();
}

Result<WallTime> time_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_number_integer()) return bad(key);
  return WallTime(std::chrono::seconds(found->get<std::int64_t>()));
}

}  // namespace

std::string_view name_of(State state) {
  switch (state) {
    case State::upgrading:
      return "upgrading";
    case State::undoing:
      return "undoing";
    case State::done:
      return "done";
    case State::undone:
      return "undone";
    case State::failed:
      return "failed";
  }
  return "";
}

std::string stamp_of(WallTime time) {
  const std::time_t seconds = static_cast<std::time_t>(seconds_of(time));
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H-%M-%SZ", &parts);
  return {text.data(), size};
}

std::filesystem::path UpgradeRecord::file_of(const Instance& instance) {
  return instance.state_dir / "upgrade.json";
}

std::filesystem::path trouble_file(const Instance& instance) {
  return instance.run_dir / "dokkud.trouble";
}

std::filesystem::path way_back_file(const Instance& instance) {
  return instance.run_dir / "dokkud.way-back";
}

Result<UpgradeRecord> UpgradeRecord::load(const Instance& instance) {
  const std::string text = TRY(read_file(file_of(instance)));
  Result<UpgradeRecord> record = parse(text);
  if (!record) return Fail(std::move(record).error().while_(file_of(instance).string()));
  return record;
}

Result<> UpgradeRecord::save(const Instance& instance) const {
  return write_file_atomically(file_of(instance), text(), 0600);
}

Result<UpgradeRecord> UpgradeRecord::parse(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return fail(Errc::invalid_argument, "not a JSON object");
  UpgradeRecord record;
  const std::string state = TRY(text_at(json, "state"));
  bool known = false;
  for (const State one : kStates) {
    if (name_of(one) != state) continue;
    record.state = one;
    known = true;
  }
  if (!known) return bad("state");
  const auto rollback = json.find("rollback");
  if (rollback == json.end() || !rollback->is_boolean()) return bad("rollback");
  record.rollback = rollback->get<bool>();
  record.from = TRY(text_at(json, "from"));
  record.to = TRY(text_at(json, "to"));
  record.previous = TRY(text_at(json, "previous"));
  record.reason = TRY(text_at(json, "reason"));
  record.begun = TRY(time_at(json, "begun"));
  record.ended = TRY(time_at(json, "ended"));
  return record;
}

std::string UpgradeRecord::text() const {
  const Json json{{"state", name_of(state)},
                  {"rollback", rollback},
                  {"from", from},
                  {"to", to},
                  {"previous", previous},
                  {"begun", seconds_of(begun)},
                  {"ended", seconds_of(ended)},
                  {"reason", reason}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace dokku::server
