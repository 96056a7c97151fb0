#include "cli/commands/planned.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <vector>

#include "server/model/app_name.h"

namespace dokku::cli {
namespace {

// All have the commands of postgres.
constexpr std::array<std::string_view, 18> kStores{
    "clickhouse", "couchdb",  "elasticsearch", "graphite",  "mariadb", "meilisearch",
    "memcached",  "mongo",    "mysql",         "nats",      "omnisci", "postgres",
    "pushpin",    "rabbitmq", "redis",         "rethinkdb", "solr",    "typesense"};

struct Difference {
  std::string_view name;
  std::string_view how;
};

constexpr std::array kDifferences{
    Difference{"apps:lock", "a locked app refuses pushes"},
    Difference{"apps:report", "two flags give two values"},
    Difference{"config:set", "equal values restart nothing; a failed restart is status 1"},
    Difference{"config:unset", "what is not set restarts nothing; a failed restart is status 1"},
    Difference{"events", "commands, by whom and how they ended, and no triggers"},
    Difference{"events:off", "what changes something is recorded all the same"},
    Difference{"events:on", "from then on also what only looks"},
    Difference{"logs", "kept over deploys"},
    Difference{"ps:restart", "with --parallel each app's lines stay together"},
    Difference{"ssh-keys:add", "--role and --app say what the key may do"},
    Difference{"ssh-keys:list", "role and apps are shown where they are not admin and all"},
};

constexpr std::string_view kHead = R"(# Commands

<!-- Made from the registry and cli/commands/planned_table.cc; do not edit. Make it anew:
     DOKKU_REWRITE_GOLDEN=1 build/dev/test_cli_commands --gtest_filter='CommandsPage.*' -->

Lines and statuses are Dokku's. Every command works on the server as root (or by `sudo`), and over
ssh: `ssh dokku@HOST COMMAND…`. `dokku help --all` and `dokku TOPIC:help` print what the program
itself knows; `apps create x` means `apps:create x`. Global flags lead:
`dokku [--quiet|--trace|--force] [--app APP] COMMAND…`.

| status | when |
|---|---|
| 0 | success; also when there is nothing to do |
| 1 | failure, unknown command, missing argument, not allowed, not yet there |
| 2 | unknown flag |
| 20 | the app does not exist, for this caller |
| n | `run`, `enter`: the status of the process inside |

Roles are those of keys (`ssh-keys:add --role`): each may do what its column says and what stands
left of it: read, deploy, admin. *root* is on the server only.
)";

std::string role_of(const Command& command) {
  switch (command.access) {
    case Access::anybody:
    case Access::reader:
      return "read";
    case Access::secrets:
    case Access::deployer:
      return "deploy";
    case Access::admin:
      return "admin";
    case Access::root:
      break;
  }
  return "root";
}

// In a cell a bar would end it.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) escaped += c == '|' ? std::string("\\|") : std::string(1, c);
  return escaped;
}

std::string row(const std::string& call, std::string_view what, const std::string& role,
                const std::string& state) {
  return "| `" + cell(call) + "` | " + cell(what) + " | " + role + " | " + state + " |\n";
}

std::string row_of(const Command& command, std::string_view typed) {
  const std::string call =
      std::string(typed) + (command.arguments.empty() ? "" : " " + command.arguments);
  const std::string_view difference = difference_of(command.name);
  // Registered for the sake of its own sentence.
  const bool absent = command.description.starts_with("[NOT IMPLEMENTED]") ||
                      command.description.find("not there yet") != std::string::npos;
  const std::string state = difference.empty() ? "works" : "differs: " + std::string(difference);
  return row(call, command.description, role_of(command), absent ? "not yet" : state);
}

std::string row_of(const Planned& planned) {
  return row(std::string(planned.name), planned.what, "",
             planned.instead.empty() ? "not yet" : "not yet; " + cell(planned.instead));
}

constexpr std::string_view kColumns =
    "| command | what it does | role | state |\n|---|---|---|---|\n";

std::string tier_rows(const Registry& registry, int tier) {
  std::string rows;
  for (const Planned& planned : planned_commands()) {
    if (planned.tier != tier) continue;
    const Command* command = registry.find(planned.name);
    rows += command == nullptr ? row_of(planned) : row_of(*command, planned.name);
  }
  return rows;
}

bool is_planned(std::string_view name) {
  return std::any_of(planned_commands().begin(), planned_commands().end(),
                     [&](const Planned& planned) { return planned.name == name; });
}

// "redis:create" as "postgres:create"; anything else as it is.
std::string of_postgres(std::string_view typed) {
  const std::size_t colon = typed.find(':');
  const std::string_view topic = typed.substr(0, colon);
  if (std::find(kStores.begin(), kStores.end(), topic) == kStores.end()) return std::string(typed);
  return "postgres" + std::string(colon == std::string_view::npos ? "" : typed.substr(colon));
}

// The short names of 0.38: "dockerfile:set" is "builder-dockerfile:set".
std::string of_0_38(std::string name) {
  const std::string topic = name.substr(0, name.find(':'));
  constexpr std::array<std::string_view, 7> kBuilders{
      "dockerfile", "herokuish", "lambda", "nixpacks", "null", "pack", "railpack"};
  if (topic == "k3s") return "scheduler-" + name;
  const bool builder = std::find(kBuilders.begin(), kBuilders.end(), topic) != kBuilders.end();
  return builder ? "builder-" + name : name;
}

}  // namespace

std::string_view difference_of(std::string_view name) {
  for (const Difference& difference : kDifferences) {
    if (difference.name == name) return difference.how;
  }
  return {};
}

const Planned* find_planned(std::string_view typed) {
  std::string name = of_postgres(typed);
  name = of_0_38(std::move(name));
  constexpr std::string_view kHelp = ":help";
  if (name.ends_with(kHelp)) name.resize(name.size() - kHelp.size());
  const bool topic = name.find(':') == std::string::npos && !name.empty();
  for (const Planned& planned : planned_commands()) {
    if (planned.name == name) return &planned;
    if (topic && planned.name.starts_with(name + ":")) return &planned;
  }
  return nullptr;
}

int say_not_yet(Printer& print, std::string_view typed, const Planned& planned) {
  print.warn("`" + server::printable(typed) + "` is not there yet.");
  if (planned.instead.empty()) return 1;
  std::string sentence(planned.instead);
  if (sentence.starts_with("dokku ")) {
    sentence.insert(0, "Instead: ");
  } else {
    sentence[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(sentence[0])));
  }
  print.warn(sentence);
  return 1;
}

std::string commands_page(const Registry& registry) {
  constexpr std::array<std::string_view, 3> kTitles{"Every day", "Now and then", "Rarely"};
  std::string page(kHead);
  for (int tier = 1; tier <= 3; ++tier) {
    page += "\n## " + std::string(kTitles[static_cast<std::size_t>(tier - 1)]) + "\n\n";
    page += kColumns;
    page += tier_rows(registry, tier);
    if (tier != 2) continue;
    page += "\nAll data stores have the commands of postgres:";
    for (const std::string_view store : kStores) {
      page += (store == kStores.front() ? " " : ", ") + std::string(store);
    }
    page += ".\n";
  }
  page += "\n## Beyond Dokku\n\n";
  page += kColumns;
  for (const auto& [name, command] : registry.commands()) {
    if (!command.hidden && !is_planned(name)) page += row_of(command, name);
  }
  return page;
}

}  // namespace dokku::cli
