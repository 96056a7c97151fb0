#include "server/model/app_json.h"

#include <nlohmann/json.hpp>

#include "server/model/app_name.h"
#include "server/model/config.h"

namespace dokku::server {
namespace {

using nlohmann::json;

Error unparsable(const std::string& why) {
  return {Errc::invalid_argument, "Cannot parse app.json as jsonc: " + why};
}

// The text without comments and trailing commas, everything else in its place.
class PlainJson {
 public:
  explicit PlainJson(std::string_view text) : text_(text) {}

  Result<std::string> make() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        copy_string();
      } else if (text_.substr(at_, 2) == "//") {
        blank_until("\n", 0);
      } else if (text_.substr(at_, 2) == "/*") {
        blank_until("*/", 2);
      } else {
        TRY(take(c));
      }
    }
    return std::move(out_);
  }

 private:
  Result<> take(char c) {
    if (c == '{' || c == '[') ++depth_;
    if (c == '}' || c == ']') {
      --depth_;
      const auto last = out_.find_last_not_of(" \t\r\n");
      if (last != std::string::npos && out_[last] == ',') out_[last] = ' ';
    }
    if (depth_ > kAppJsonDepthMax) return Fail(unparsable("it is nested too deeply"));
    out_ += c;
    ++at_;
    return {};
  }

  void copy_string() {
    out_ += text_[at_++];
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      out_ += c;
      if (c == '\\' && at_ < text_.size()) {
        out_ += text_[at_++];
      } else if (c == '"') {
        return;
      }
    }
  }

  // Newlines stay, so that line numbers in messages are those of the file.
  void blank_until(std::string_view end, std::size_t and_more) {
    const auto found = text_.find(end, at_ + 1);
    const auto stop = found == std::string_view::npos ? text_.size() : found + and_more;
    for (; at_ < stop; ++at_) out_ += text_[at_] == '\n' ? '\n' : ' ';
  }

  std::string_view text_;
  std::string out_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

std::string position_in(const std::string& text, std::size_t byte) {
  std::size_t line = 1, column = 1;
  for (std::size_t i = 0; i + 1 < byte && i < text.size(); ++i) {
    column = text[i] == '\n' ? 1 : column + 1;
    line += text[i] == '\n' ? 1 : 0;
  }
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

// The library tells where a text goes wrong only by an exception, or to a receiver of events.
class ErrorFinder final : public json::json_sax_t {
 public:
  std::size_t byte = 0;
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool key(string_t&) override { return true; }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    byte = position;
    return false;
  }
};

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

// A whole number between `least` and `most`; nothing there: leaves it. False: something else.
template <class T>
bool read_number(const json& object, const char* key, long least, long most, T& into) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return true;
  if (!found->is_number_integer()) return false;
  const auto value = found->get<long>();
  if (value < least || value > most) return false;
  into = T(value);
  return true;
}

bool read_port(const json& object, std::uint16_t& port) {
  long value = 0;
  const bool fine = read_number(object, "port", 1, 65535, value);
  port = static_cast<std::uint16_t>(value);
  return fine;
}

bool read_attempts(const json& object, unsigned& attempts) {
  long value = static_cast<long>(attempts);
  const bool fine = read_number(object, "attempts", 1, kCheckAttemptsMax, value);
  attempts = static_cast<unsigned>(value);
  return fine;
}

bool read_numbers(const json& object, HealthCheck& check) {
  const long most = kCheckSecondsMax.count();
  return read_attempts(object, check.attempts) && read_port(object, check.port) &&
         read_number(object, "wait", 0, most, check.wait) &&
         read_number(object, "timeout", 1, most, check.timeout) &&
         read_number(object, "initialDelay", 0, most, check.initial_delay);
}

bool read_stage(const std::string& type, HealthCheck& check) {
  if (type == "startup") {
    check.stage = HealthCheck::Stage::startup;
  } else if (type == "readiness") {
    check.stage = HealthCheck::Stage::readiness;
  } else if (type == "liveness") {
    check.stage = HealthCheck::Stage::liveness;
  } else {
    return false;
  }
  return true;
}

bool read_headers(const json& object, HealthCheck& check) {
  const auto found = object.find("httpHeaders");
  if (found == object.end()) return true;
  if (!found->is_array()) return false;
  for (const json& header : *found) {
    const std::string name = header.is_object() ? text_of(header, "name") : "";
    const std::string value = header.is_object() ? text_of(header, "value") : "";
    const bool fits = !name.empty() && fits_request_line(name) &&
                      name.find(':') == std::string::npos &&
                      value.find_first_of("\r\n") == std::string::npos;
    if (!fits) return false;
    check.headers.emplace_back(name, value);
  }
  return true;
}

bool read_command(const json& words, HealthCheck& check) {
  if (!words.is_array() || words.empty()) return false;
  for (const json& word : words) {
    if (!word.is_string()) return false;
    check.command.push_back(word.get<std::string>());
  }
  return true;
}

// Exactly one kind, or none, which means uptime. A sentence when it is wrong.
std::string read_kind(const json& object, HealthCheck& check) {
  const bool path = object.contains("path");
  const bool command = object.contains("command");
  const bool listening = object.contains("listening") && object["listening"] == json(true);
  const bool uptime = object.contains("uptime");
  if (int{path} + int{command} + int{listening} + int{uptime} > 1) {
    return "it has more than one of path, command, listening and uptime";
  }
  if (path) {
    check.kind = HealthCheck::Kind::path;
    check.path = text_of(object, "path");
    if (!check.path.starts_with('/') || !fits_request_line(check.path)) {
      return "its path does not begin with a slash";
    }
  } else if (command) {
    check.kind = HealthCheck::Kind::command;
    if (!read_command(object["command"], check)) return "its command is not a list of words";
  } else if (listening) {
    check.kind = HealthCheck::Kind::listening;
  } else if (!read_number(object, "uptime", 0, kCheckSecondsMax.count(), check.uptime)) {
    return "its uptime is not a number of seconds";
  }
  return {};
}

Result<HealthCheck> read_check(const json& object, const std::string& process,
                               const std::string& fallback_name, AppJson& into) {
  const std::string where = "app.json: a healthcheck of " + printable(process);
  if (!object.is_object()) return fail(Errc::invalid_argument, where + " is not an object");
  HealthCheck check;
  check.name = text_of(object, "name").empty() ? fallback_name : text_of(object, "name");
  const std::string named = where + ", '" + printable(check.name) + "': ";
  if (!read_stage(text_of(object, "type"), check)) {
    return fail(Errc::invalid_argument, named + "its type must be startup, readiness or liveness");
  }
  if (!read_numbers(object, check)) {
    return fail(Errc::invalid_argument,
                named + "attempts, wait, timeout, initialDelay and port are whole numbers");
  }
  if (!read_headers(object, check)) {
    return fail(Errc::invalid_argument, named + "httpHeaders is a list of name and value");
  }
  const std::string wrong = read_kind(object, check);
  if (!wrong.empty()) return fail(Errc::invalid_argument, named + wrong);
  check.content = text_of(object, "content");
  const std::string scheme = text_of(object, "scheme");
  check.https = scheme == "https" || scheme == "HTTPS";
  check.warn_only = object.contains("warn") && object["warn"] == json(true);
  if (object.contains("onFailure")) {
    into.remarks.push_back(named + "onFailure is not used: no command of an app runs on the host");
  }
  return check;
}

// As in Dokku such an entry is said and not run.
std::string untyped(const std::string& process, const std::string& name) {
  return "app.json: a healthcheck of " + process +
         (name.empty() ? "" : ", '" + printable(name) + "',") +
         " is not run: it has no type\nOne that is run in a deploy has \"type\": \"startup\"";
}

Result<> read_checks(const json& root, AppJson& into) {
  const auto found = root.find("healthchecks");
  if (found == root.end()) return {};
  if (!found->is_object()) {
    return fail(Errc::invalid_argument, "app.json: healthchecks is not an object");
  }
  for (const auto& [process, list] : found->items()) {
    const ProcessType type = TRY(ProcessType::parse(process));
    if (!list.is_array()) {
      return fail(Errc::invalid_argument, "app.json: healthchecks of " + process + ": not a list");
    }
    for (const json& one : list) {
      std::vector<HealthCheck>& checks = into.checks[type.str()];
      const std::string name = type.str() + "-" + std::to_string(checks.size() + 1);
      if (one.is_object() && text_of(one, "type").empty()) {
        into.remarks.push_back(untyped(type.str(), text_of(one, "name")));
        continue;
      }
      HealthCheck check = TRY(read_check(one, process, name, into));
      checks.push_back(std::move(check));
    }
  }
  return {};
}

// Heroku's files have numbers and switches as values, too.
std::optional<std::string> value_text(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  return std::nullopt;
}

bool is_true(const json& object, const char* key) {
  return object.contains(key) && object[key] == json(true);
}

Result<EnvWish> read_variable(const std::string& name, const json& wish, AppJson& into) {
  const Result<ConfigKey> key = ConfigKey::parse(name);
  if (!key) return Fail(Error(key.error()).while_("app.json: env"));
  EnvWish out{.key = key->str()};
  if (!wish.is_object()) {
    out.value = value_text(wish);
    if (!out.value) {
      return fail(Errc::invalid_argument,
                  "app.json: env: " + out.key + " is neither a text nor an object");
    }
    return out;
  }
  if (wish.contains("value")) out.value = value_text(wish["value"]);
  out.required = !(wish.contains("required") && wish["required"] == json(false));
  out.sync = is_true(wish, "sync");
  const std::string generator = text_of(wish, "generator");
  out.secret = generator == "secret";
  if (!generator.empty() && !out.secret) {
    into.remarks.push_back("app.json: env: " + out.key + ": the generator " + printable(generator) +
                           " is not known; there is \"secret\"");
  }
  return out;
}

Result<> read_env(const json& root, AppJson& into) {
  const auto found = root.find("env");
  if (found == root.end() || found->is_null()) return {};
  if (!found->is_object()) return fail(Errc::invalid_argument, "app.json: env is not an object");
  for (const auto& [name, wish] : found->items()) {
    EnvWish variable = TRY(read_variable(name, wish, into));
    TRY(check_config_value(variable.key, variable.value.value_or("")));
    into.env.push_back(std::move(variable));
  }
  return {};
}

Result<> read_script(const json& scripts, const char* key, std::string& into) {
  const auto found = scripts.find(key);
  if (found == scripts.end() || found->is_null()) return {};
  if (!found->is_string() || found->get<std::string>().find('\0') != std::string::npos) {
    return fail(Errc::invalid_argument,
                std::string("app.json: the script ") + key + " is not a command line");
  }
  into = found->get<std::string>();
  return {};
}

Result<> read_scripts(const json& root, AppJson& into) {
  const auto found = root.find("scripts");
  if (found == root.end() || !found->is_object()) return {};
  TRY(read_script(*found, "postdeploy", into.first_postdeploy));
  const auto ours = found->find("dokku");
  if (ours == found->end() || !ours->is_object()) return {};
  TRY(read_script(*ours, "predeploy", into.predeploy));
  return read_script(*ours, "postdeploy", into.postdeploy);
}

void read_buildpacks(const json& root, AppJson& into) {
  const auto found = root.find("buildpacks");
  if (found == root.end() || !found->is_array()) return;
  for (const json& one : *found) {
    const std::string url = one.is_object() ? text_of(one, "url") : "";
    if (!url.empty()) into.buildpacks.push_back(url);
  }
}

void remark_cron(const json& root, AppJson& into) {
  const auto found = root.find("cron");
  if (found == root.end() || !found->is_array() || found->empty()) return;
  into.remarks.push_back(
      "app.json: cron is not there yet, none of its commands will run\n"
      "Until then: the host's cron with dokku run APP COMMAND");
}

Result<> read_formation(const json& root, AppJson& into) {
  const auto found = root.find("formation");
  if (found == root.end() || !found->is_object()) return {};
  for (const auto& [process, settings] : found->items()) {
    const ProcessType type = TRY(ProcessType::parse(process));
    if (!settings.is_object() || !settings.contains("quantity")) continue;
    long quantity = 0;
    if (!read_number(settings, "quantity", 0, kInstancesMax, quantity)) {
      return fail(Errc::invalid_argument, "app.json: the quantity of " + type.str() +
                                              " is not a number up to " +
                                              std::to_string(kInstancesMax));
    }
    into.quantities[type.str()] = static_cast<unsigned>(quantity);
  }
  return {};
}

}  // namespace

Result<AppJson> parse_app_json(std::string_view text) {
  if (text.size() > kAppJsonBytesMax) return Fail(unparsable("it is over 256 kB"));
  const std::string plain = TRY(PlainJson(text).make());
  AppJson out;
  if (plain.find_first_not_of(" \t\r\n") == std::string::npos) return out;
  const json root = json::parse(plain, nullptr, false);
  if (root.is_discarded()) {
    ErrorFinder finder;
    static_cast<void>(json::sax_parse(plain, &finder));
    return Fail(unparsable(position_in(plain, finder.byte)));
  }
  if (!root.is_object()) return Fail(unparsable("it is not an object"));
  TRY(read_checks(root, out));
  TRY(read_formation(root, out));
  TRY(read_env(root, out));
  TRY(read_scripts(root, out));
  read_buildpacks(root, out);
  remark_cron(root, out);
  return out;
}

}  // namespace dokku::server
