// The commands of a Dokku user's world (its core, the official plugins), whether they are there or
// not: what docs/commands.md lists, and what `dokku cron:list` says as long as there is none.
//
// The table is compared with the registry when it is asked: a command that is registered is there,
// and its row falls away as "not yet" without being touched.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cli/commands/registry.h"

namespace dokku::cli {

struct Planned {
  int tier;                    // how often people type it: 1 daily, 2 now and then, 3 rarely
  std::string_view name;       // "cron:list"
  std::string_view what;       // one sentence without full stop
  std::string_view instead{};  // as long as it is not there
};

std::span<const Planned> planned_commands();

// How a command that is there differs from Dokku's on purpose; empty: it does not.
std::string_view difference_of(std::string_view name);

// The row of a command that is not in the registry. `postgres:create` stands for all data stores. A
// topic alone ("cron") is found too. Null: unknown.
const Planned* find_planned(std::string_view typed);

// " !     `cron:list` is not there yet", what to do instead, status 1.
int say_not_yet(Printer& print, std::string_view typed, const Planned& planned);

// docs/commands.md: every row with "works", "differs: how" or "not yet", and what is beyond Dokku.
std::string commands_page(const Registry& registry);

}  // namespace dokku::cli
