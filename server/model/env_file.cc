#include "server/model/env_file.h"

#include <algorithm>
#include <optional>

#include "server/model/app_name.h"

namespace dokku::server {
namespace {

constexpr std::string_view kExport = "export ";

// Reads one file from front to back.
class EnvReader {
 public:
  explicit EnvReader(std::string_view text) : left_(text) {}

  Result<ConfigValues> read() {
    ConfigValues values;
    while (skip_to_pair()) {
      const std::size_t line = line_;
      const std::size_t equals = left_.find_first_of("=\n");
      if (equals == std::string_view::npos || left_[equals] != '=') {
        return bad(line, "not KEY=VALUE");
      }
      std::string_view name = left_.substr(0, equals);
      name = name.substr(0, name.find_last_not_of(" \t") + 1);
      const Result<ConfigKey> key = ConfigKey::parse(name);
      if (!key) return bad(line, key.error().message());
      left_.remove_prefix(equals + 1);
      std::optional<std::string> value = read_value();
      if (!value) return bad(line, "a quote without an end");
      TRY(check_config_value(key->str(), *value));
      values[key->str()] = *std::move(value);
    }
    return values;
  }

 private:
  static Fail bad(std::size_t line, std::string_view what) {
    return fail(Errc::invalid_argument, "line " + std::to_string(line) + ": " + std::string(what));
  }

  char take() {
    const char c = left_.front();
    left_.remove_prefix(1);
    if (c == '\n') ++line_;
    return c;
  }

  // Over blanks, comments and "export ". False: the end.
  bool skip_to_pair() {
    while (!left_.empty()) {
      const char c = left_.front();
      if (c == '#') {
        while (!left_.empty() && left_.front() != '\n') take();
      } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        take();
      } else if (left_.substr(0, kExport.size()) == kExport) {
        left_.remove_prefix(kExport.size());
      } else {
        return true;
      }
    }
    return false;
  }

  // nullopt: a quote is not closed.
  std::optional<std::string> read_value() {
    std::string value;
    std::size_t kept = 0;  // bare blanks after this are not part of the value
    while (!left_.empty() && (left_.front() == ' ' || left_.front() == '\t')) take();
    while (!left_.empty() && left_.front() != '\n') {
      const bool after_blank = value.size() > kept;
      const char c = take();
      if (c == '#' && after_blank) {  // the rest of the line is a comment
        while (!left_.empty() && left_.front() != '\n') take();
        break;
      }
      if (c == '\'' || c == '"') {
        if (!read_quoted(c, value)) return std::nullopt;
        kept = value.size();
      } else if (c == '\\' && !left_.empty()) {
        value += take();
        kept = value.size();
      } else {
        value += c;
        if (c != ' ' && c != '\t' && c != '\r') kept = value.size();
      }
    }
    value.resize(kept);
    return value;
  }

  bool read_quoted(char quote, std::string& into) {
    constexpr std::string_view kEscaped = "\"\\$`!";
    while (!left_.empty()) {
      const char c = take();
      if (c == quote) return true;
      if (c == '\\' && quote == '"' && !left_.empty()) {
        const char next = take();
        if (next == 'n' || next == 'r') {
          into += next == 'n' ? '\n' : '\r';
        } else {
          if (kEscaped.find(next) == std::string_view::npos) into += c;
          into += next;
        }
      } else {
        into += c;
      }
    }
    return false;
  }

  std::string_view left_;
  std::size_t line_ = 1;
};

}  // namespace

std::string shell_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

Result<ConfigValues> parse_env_file(std::string_view text) { return EnvReader(text).read(); }

std::string write_env_file(const ConfigValues& values) {
  std::string text;
  for (const auto& [key, value] : values) {
    text += "export " + key + "=" + shell_quoted(value) + "\n";
  }
  return text;
}

}  // namespace dokku::server
