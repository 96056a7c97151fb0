// What the tutorials of 2013 to 2020 type and today has another name: the command of today does it.
// What has no counterpart says in one sentence what to type instead, and changes nothing.
//
// Added last: a form takes rights, flags and grammar from its command of today.
#include <utility>

#include "base/check.h"
#include "cli/commands/arguments.h"
#include "cli/commands/help.h"
#include "cli/commands/registry.h"
#include "cli/commands/topics.h"
#include "server/deploy/deploys.h"

namespace dokku::cli {
namespace {

struct OldForm {
  const char* name;
  const char* today;
  bool all;  // --all is meant
};

constexpr OldForm kForms[] = {
    {"deploy:all", "ps:restart", true},
    {"rebuild:all", "ps:rebuild", true},
    {"ps:restartall", "ps:restart", true},
    {"ps:rebuildall", "ps:rebuild", true},
    {"ps:startall", "ps:start", true},
    {"ps:stopall", "ps:stop", true},
    {"domains", "domains:report", false},
    {"ps", "ps:report", false},
    {"nginx:build-config", "proxy:build-config", false},
    {"nginx:import-ssl", "certs:add", false},
    {"backup:export", "server:backup", false},
    {"backup:import", "server:restore", false},
};

struct Gone {
  const char* name;
  const char* sentence;
};

constexpr Gone kGone[] = {
    {"build",
     "build is a part of every push today\nPush: git push dokku main\n"
     "From the source that is kept: dokku ps:rebuild APP"},
    {"receive",
     "receive is a part of every push today\nPush: git push dokku main\n"
     "From the source that is kept: dokku ps:rebuild APP"},
    {"release",
     "release is a part of every push today\n"
     "With the config as it is now: dokku ps:restart APP"},
    {"plugins", "There are no plugins yet"},
    {"plugins-install", "There are no plugins yet; nothing was installed"},
    {"postgresql:create",
     "Services are not there yet\nTell the app of one elsewhere: dokku config:set APP "
     "DATABASE_URL=postgres://…"},
    {"mysql:create",
     "Services are not there yet\nTell the app of one elsewhere: dokku config:set APP "
     "DATABASE_URL=mysql://…"},
    {"redis:create",
     "Services are not there yet\nTell the app of one elsewhere: dokku config:set APP "
     "REDIS_URL=redis://…"},
};

Result<int> run_as_today(Invocation& call, const OldForm& form) {
  const bool bare_topic = std::string_view(form.name).find(':') == std::string_view::npos;
  if (bare_topic && call.args.empty()) {
    return print_topic_help(call.print, call.registry, form.name);
  }
  const Command* today = call.registry.find(form.today);
  CHECK(today != nullptr);
  if (form.all) call.options.add("all", "");
  call.command = today->name;
  return today->run(call);
}

void add_form(Registry& registry, const OldForm& form) {
  const Command* today = registry.find(form.today);
  if (today == nullptr || registry.find(form.name) != nullptr) return;
  Command old = *today;
  old.name = form.name;
  old.run = [form](Invocation& call) { return run_as_today(call, form); };
  old.description = std::string("The old name of ") + form.today;
  if (form.all) {
    old.arguments = "";
    old.description += " --all";
  }
  old.aliases = {};
  old.examples = {};
  old.hidden = true;
  registry.add(std::move(old));
}

void add_gone(Registry& registry, const Gone& gone) {
  if (registry.find(gone.name) != nullptr) return;
  registry.add({.name = gone.name,
                .arguments = "[<word>...]",
                .description = "Of old; says what to type today",
                .access = Access::reader,
                .run = [sentence = gone.sentence](Invocation&) -> Result<int> {
                  return fail(Errc::invalid_argument, sentence);
                },
                .grammar = Grammar::words,
                .hidden = true});
}

}  // namespace

void add_old_forms(Registry& registry) {
  for (const OldForm& form : kForms) add_form(registry, form);
  for (const Gone& gone : kGone) add_gone(registry, gone);
}

}  // namespace dokku::cli
