// `dokku complete -- WORD…`: for the shells' scripts in packaging/completion. One candidate per
// line, a tab and its description. Whatever goes wrong, it prints nothing and ends with status 0: a
// message would land in the line that somebody is typing.
#include "cli/commands/access.h"
#include "cli/commands/completion.h"
#include "cli/commands/registry.h"
#include "cli/commands/topics.h"
#include "server/deploy/deploys.h"

namespace dokku::cli {
namespace {

using Names = std::vector<std::string>;

CompletionFacts facts_of(Invocation& call) {
  const auto named = [&call](const std::string& name) { return call.platform.apps.find(name); };
  CompletionFacts facts;
  // Nobody's rights: nothing is offered.
  const Result<Rights> found = rights_of(call.session.caller(), call.platform);
  facts.may = [rights = found ? *found : Rights()](const Command& command) {
    return check_access(command, {}, rights).has_value();
  };
  facts.apps = [&call] {
    Names names;
    const Result<std::vector<server::App>> apps = call.platform.apps.list();
    if (!apps) return names;
    for (const server::App& app : *apps) names.push_back(app.name.str());
    return names;
  };
  facts.process_types = [&call, named](const std::string& name) {
    Names types;
    const Result<server::App> app = named(name);
    if (!app || call.platform.deploys == nullptr) return types;
    const Result<server::ProcessReport> report = call.platform.deploys->report(*app);
    if (!report) return types;
    for (const auto& [type, count] : report->formation) types.push_back(type);
    return types;
  };
  facts.config_keys = [&call, named](const std::string& name) {
    Names keys;
    const Result<server::App> app = named(name);
    if (!app) return keys;
    const Result<server::ConfigValues> values = call.platform.config.values({app->id, name});
    if (!values) return keys;
    for (const auto& [key, value] : *values) keys.push_back(key);
    return keys;
  };
  facts.domains = [&call, named](const std::string& name) {
    Names domains;
    const Result<server::App> app = named(name);
    if (!app) return domains;
    const Result<server::DomainsReport> report = call.platform.domains.report(*app);
    if (!report) return domains;
    for (const server::Domain& domain : report->app_vhosts) domains.push_back(domain.str());
    return domains;
  };
  return facts;
}

Result<int> print_candidates(Invocation& call) {
  Names words = call.args;
  if (!words.empty() && words.front() == "--") words.erase(words.begin());
  std::string lines;
  for (const Candidate& each : complete(call.registry, facts_of(call), words)) {
    lines += each.word;
    if (!each.description.empty()) lines += "\t" + each.description;
    lines += "\n";
  }
  call.session.out(lines);
  return 0;
}

}  // namespace

void add_complete_commands(Registry& registry) {
  registry.add({.name = "complete",
                .arguments = "-- [<word>...]",
                .description = "Print what may follow, for a shell's completion",
                .access = Access::reader,
                .run = print_candidates,
                .grammar = Grammar::words,
                .hidden = true});
}

}  // namespace dokku::cli
