#include "cli/commands/config_formats.h"

#include <functional>
#include <nlohmann/json.hpp>

#include "cli/output/json.h"
#include "cli/output/report.h"
#include "server/model/app_name.h"
#include "server/model/env_file.h"

namespace dokku::cli {
namespace {

using server::ConfigValues;
using server::shell_quoted;
using Pair = std::pair<const std::string, std::string>;

std::string joined(const ConfigValues& values, std::string_view between,
                   const std::function<std::string(const Pair&)>& form) {
  std::string text;
  for (const Pair& pair : values) {
    if (!text.empty()) text += between;
    text += form(pair);
  }
  return text;
}

bool whole_number(std::string_view text) {
  if (text.size() > 1 && text[0] == '-') text.remove_prefix(1);
  if (text.empty() || text.size() > 18 || (text.size() > 1 && text[0] == '0')) return false;
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

// As godotenv writes it, which Dokku uses.
std::string envfile_pair(const Pair& pair) {
  if (whole_number(pair.second)) return pair.first + "=" + pair.second;
  std::string text = pair.first + "=\"";
  for (const char c : pair.second) {
    if (c == '\n' || c == '\r') {
      text += c == '\n' ? "\\n" : "\\r";
      continue;
    }
    if (std::string_view("\\\"!$`").find(c) != std::string_view::npos) text += '\\';
    text += c;
  }
  return text + "\"";
}

std::string json_pairs(const ConfigValues& values) {
  std::vector<std::map<std::string, std::string>> rows;
  for (const auto& [key, value] : values) rows.push_back({{"name", key}, {"value", value}});
  return json_objects(rows);
}

std::string pretty(const ConfigValues& values) {
  std::string text;
  for (const std::string& row : aligned_rows({values.begin(), values.end()})) text += row + "\n";
  return text;
}

Result<std::string> scalar(const nlohmann::json& value, const std::string& key) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  return fail(Errc::invalid_argument, "The value of " + server::printable(key) + " is no text");
}

Result<ConfigValues> import_json(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return fail(Errc::invalid_argument, "Expected one JSON object");
  ConfigValues values;
  for (const auto& [name, value] : json.items()) {
    const server::ConfigKey key = TRY(server::ConfigKey::parse(name));
    std::string each = TRY(scalar(value, name));
    TRY(server::check_config_value(name, each));
    values[key.str()] = std::move(each);
  }
  return values;
}

}  // namespace

Result<std::string> export_config(const ConfigValues& values, const std::string& format) {
  if (format == "exports") return server::write_env_file(values);
  if (format == "envfile") return joined(values, "\n", envfile_pair) + "\n";
  if (format == "json") return json_object(values) + "\n";
  if (format == "json-list") return json_pairs(values) + "\n";
  if (format == "pretty") return pretty(values);
  if (format == "shell") {
    return joined(values, " ",
                  [](const Pair& p) { return p.first + "=" + shell_quoted(p.second); }) +
           " ";
  }
  if (format == "docker-args") {
    return joined(values, " ",
                  [](const Pair& p) { return "--env=" + p.first + "=" + shell_quoted(p.second); }) +
           "\n";
  }
  if (format == "docker-args-keys") {
    return joined(values, " ", [](const Pair& p) { return "--env=" + p.first; }) + "\n";
  }
  if (format == "pack-keys") {
    return joined(values, " ", [](const Pair& p) { return "--env " + p.first; }) + "\n";
  }
  return fail(Errc::invalid_argument, "Unknown export format: " + server::printable(format));
}

Result<ConfigValues> import_config(std::string_view text, const std::string& format) {
  if (format == "envfile") return server::parse_env_file(text);
  if (format == "json") return import_json(text);
  return fail(Errc::invalid_argument, "Unknown import format: " + server::printable(format));
}

}  // namespace dokku::cli
