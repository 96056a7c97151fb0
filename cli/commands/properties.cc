#include "cli/commands/properties.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "server/model/app_name.h"

namespace dokku::cli {
namespace {

using Scope = Property::Scope;

constexpr std::size_t kValueMax = 4096;

const char* noun(const PropertyTable& table) {
  return table.wording == Missing::go ? "property" : "key";
}

const char* plural(const PropertyTable& table) {
  return table.wording == Missing::go ? "properties" : "keys";
}

Fail no_such_property(const PropertyTable& table) {
  std::vector<std::string> names;
  for (const Property& property : table.properties) {
    if (!property.hidden) names.push_back(property.name);
  }
  std::sort(names.begin(), names.end());
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
  return fail(Errc::invalid_argument, std::string("Invalid ") + noun(table) + " specified, valid " +
                                          plural(table) + " include: " + list);
}

const Property* find(const PropertyTable& table, const std::string& name) {
  const auto found = std::find_if(table.properties.begin(), table.properties.end(),
                                  [&](const Property& property) { return property.name == name; });
  return found == table.properties.end() ? nullptr : &*found;
}

Result<> check_scope(const PropertyTable& table, const Property& property, bool global) {
  std::string which = noun(table);
  which[0] = static_cast<char>(which[0] - 'a' + 'A');
  if (global && property.scope == Scope::app) {
    return fail(Errc::invalid_argument, which + " cannot be specified globally");
  }
  if (!global && property.scope == Scope::global) {
    return fail(Errc::invalid_argument, which + " can only be specified globally");
  }
  return {};
}

// What is stored, or nothing: the property is unset.
Result<std::optional<std::string>> read_value(const Invocation& call, const Property& property) {
  const bool given = call.args.size() > 2;
  if (!given || call.args[2].empty()) {
    if (given && property.keeps_empty) return std::optional<std::string>("");
    return std::optional<std::string>();
  }
  Result<std::string> value = property.parse(call.args[2]);
  if (value) return std::optional<std::string>(*std::move(value));
  std::string lines = "Invalid " + property.name + " specified";
  if (!value.error().message().empty()) lines += "\n" + value.error().message();
  return fail(value.error().code(), lines);
}

Result<> add_row(const server::PropertiesSeen& seen, const Property& property,
                 const std::string& prefix, bool of_app, ReportValues& values) {
  const auto value = [&](const std::map<std::string, std::string>& all) {
    const auto found = all.find(property.name);
    return found == all.end() ? std::nullopt : std::optional<std::string>(found->second);
  };
  const std::optional<std::string> own = value(seen.app);
  const std::optional<std::string> global = value(seen.global);
  const std::string& name = property.name;
  if (property.scope == Scope::app) {
    if (of_app) values[prefix + name] = own.value_or("");
    if (of_app) values[prefix + "computed-" + name] = own.value_or(property.fallback);
    return {};
  }
  values[prefix + "global-" + name] = global.value_or("");
  if (property.scope == Scope::both && of_app) values[prefix + name] = own.value_or("");
  values[prefix + "computed-" + name] = own.value_or(global.value_or(property.fallback));
  return {};
}

}  // namespace

PropertyParser any_text() {
  return [](const std::string& typed) -> Result<std::string> {
    if (typed.size() <= kValueMax &&
        server::printable(typed.substr(0, 200)) == typed.substr(0, 200) &&
        std::none_of(typed.begin(), typed.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; })) {
      return typed;
    }
    return fail(Errc::invalid_argument, "");
  };
}

PropertyParser true_or_false() { return one_of({"true", "false"}); }

PropertyParser number_between(long least, long most) {
  return [least, most](const std::string& typed) -> Result<std::string> {
    long number = 0;
    const char* end = typed.data() + typed.size();
    const auto [stopped, error] = std::from_chars(typed.data(), end, number);
    if (error == std::errc() && stopped == end && number >= least && number <= most) {
      return std::to_string(number);
    }
    return fail(Errc::invalid_argument,
                "It is a number between " + std::to_string(least) + " and " + std::to_string(most));
  };
}

PropertyParser one_of(std::vector<std::string> words) {
  return [words = std::move(words)](const std::string& typed) -> Result<std::string> {
    if (std::find(words.begin(), words.end(), typed) != words.end()) return typed;
    std::string list;
    for (const std::string& word : words) list += (list.empty() ? "" : ", ") + word;
    return fail(Errc::invalid_argument, "It is one of: " + list);
  };
}

PropertyParser path_in_the_repository() {
  return [](const std::string& typed) -> Result<std::string> {
    const std::filesystem::path path = std::filesystem::path(typed).lexically_normal();
    const bool inside =
        path.is_relative() && path.has_filename() && path != "." && *path.begin() != "..";
    if (inside) TRY(any_text()(typed));
    if (inside) return path.string();
    return fail(Errc::invalid_argument, "It is a path within the repository");
  };
}

Result<int> run_set(Invocation& call, const PropertyTable& table) {
  const bool global = !call.args.empty() && call.args[0] == "--global";
  std::optional<server::App> app;
  if (!global) app = TRY(app_argument(call, 0, table.wording));
  if (call.args.size() < 2 || call.args[1].empty()) {
    return fail(Errc::invalid_argument, std::string("No ") + noun(table) + " specified");
  }
  const Property* property = find(table, call.args[1]);
  if (property == nullptr) return no_such_property(table);
  TRY(check_scope(table, *property, global));
  TRY(at_most(call, 3));
  const std::optional<std::string> value = TRY(read_value(call, *property));
  PropertyTarget target;
  if (app) target = {&*app, app->id, app->name.str()};
  TRY(call.platform.properties.set(target.id, table.topic + "." + property->name, value));
  if (value && !value->empty()) {
    call.print.info2_quiet("Setting " + property->name + " to " + *value);
  } else {
    call.print.info2_quiet("Unsetting " + property->name);
  }
  record_event(call, global ? "" : target.name, property->name);
  if (property->effect) TRY(property->effect(call, target));
  return 0;
}

Command set_command(const PropertyTable& table, std::string description) {
  return {.name = table.topic + ":set",
          .arguments = table.wording == Missing::go ? "<app>|--global <property> [<value>]"
                                                    : "<app>|--global <key> [<value>]",
          .description = std::move(description),
          .run = [&table](Invocation& call) { return run_set(call, table); },
          .grammar = Grammar::words};
}

Result<> add_property_rows(Invocation& call, const PropertyTable& table, const std::string& prefix,
                           const server::App* app, ReportValues& values) {
  const server::AppId id = app == nullptr ? server::AppId::global : app->id;
  const server::PropertiesSeen seen = TRY(call.platform.properties.seen(id, table.topic));
  for (const Property& property : table.properties) {
    if (!property.hidden) TRY(add_row(seen, property, prefix, app != nullptr, values));
  }
  return {};
}

}  // namespace dokku::cli
