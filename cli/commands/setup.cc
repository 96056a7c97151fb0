// `dokku setup`: from a bare installation to one that somebody can push to, a question at a time,
// or by a one-time link in a browser.
#include "cli/commands/setup.h"

#include "base/io.h"
#include "cli/commands/arguments.h"
#include "cli/commands/registry.h"
#include "server/platform/setup.h"
#include "server/store/setup_link.h"

namespace dokku::cli {
namespace {

using server::SetupDone;
using server::SetupFacts;

constexpr std::size_t kKeyFileBytesMax = 64 * 1024;
constexpr int kTriesMax = 3;

bool is_path(std::string_view answer) { return answer.starts_with('/') || answer.starts_with('~'); }

// Keys as they stand in a file, or the path of such a file.
Result<> add_keys(Invocation& call, const std::string& answer) {
  std::string text = answer;
  if (is_path(answer)) {
    const UniqueFd file = TRY(call.session.open_callers_file(answer));
    text = TRY(read_all(file.get(), kKeyFileBytesMax));
  }
  const SetupDone done = TRY(call.platform.setup.apply({.keys = text}));
  if (done.added.empty()) call.print.line("       This key may push already");
  for (const server::StoredKey& added : done.added) {
    const std::string shown = added.name.str() + " " + added.key.fingerprint().str();
    call.print.line("       Added the key " + shown);
    record_event(call, "", shown);
  }
  return {};
}

Result<> set_domain(Invocation& call, const std::string& answer) {
  const SetupDone done = TRY(call.platform.setup.apply({.domain = answer}));
  if (done.domains.empty()) {
    call.print.line("       Apps get ports");
  } else {
    call.print.line("       Apps get names below " + done.domains.front().str());
  }
  record_event(call, "", done.domains.empty() ? answer : done.domains.front().str());
  return {};
}

// Asks until `take` is content, the person has nothing to say, or has had enough tries.
template <class F>
Result<> ask_until(Invocation& call, std::string_view question, F&& take) {
  for (int tries = 0; tries < kTriesMax; ++tries) {
    const Result<std::string> answer = call.session.ask(question);
    if (!answer && answer.error().code() != Errc::cancelled) return Fail(answer.error());
    if (!answer || answer->empty()) return {};
    const Result<> taken = take(call, *answer);
    if (taken) return {};
    call.print.warn(taken.error().message());
  }
  return {};
}

Result<> provide_key(Invocation& call, bool may_ask) {
  if (call.options.has("key")) return add_keys(call, call.options.text("key"));
  const SetupFacts facts = TRY(call.platform.setup.facts());
  if (facts.keys != 0 || !may_ask) return {};
  return ask_until(call,
                   "Public ssh key that may push (the key, or the path of its file): ", add_keys);
}

Result<> provide_domain(Invocation& call, bool may_ask) {
  if (call.options.has("domain")) return set_domain(call, call.options.text("domain"));
  const SetupFacts facts = TRY(call.platform.setup.facts());
  if (!facts.domains.empty() || !may_ask) return {};
  return ask_until(call,
                   "Domain of the apps (DOMAIN and *.DOMAIN lead here; \"ip\": a name made of the "
                   "address; empty: ports): ",
                   set_domain);
}

// The same lines after an installation and whenever somebody wants to know.
Result<> say_how_it_stands(Invocation& call) {
  const SetupFacts facts = TRY(call.platform.setup.facts());
  call.print.line("=====> dokku on " + facts.address);
  if (facts.keys == 0) {
    call.print.line("       Missing: a key that may push. dokku ssh-keys:add NAME FILE");
    call.print.line("       Or in a browser: dokku setup --browser");
  } else {
    call.print.line("       Keys that may push: " + std::to_string(facts.keys));
  }
  if (facts.domains.empty()) {
    call.print.line("       Apps are reached by ports. dokku domains:set-global DOMAIN");
  } else {
    call.print.line("       Apps are reached at APP." + facts.domains.front().str());
  }
  call.print.line("       In a repository with an app: git push " + facts.remote + " main");
  return {};
}

Result<int> open_in_browser(Invocation& call) {
  if (call.options.has("key") || call.options.has("domain")) {
    return fail(Errc::invalid_argument, "The page asks for key and domain; say --browser alone");
  }
  const std::string link = TRY(call.platform.setup.open_link());
  const auto minutes = std::to_string(server::kSetupLinkLife.count());
  call.print.line("=====> Open this in a browser, within " + minutes + " minutes:");
  call.print.line("       " + link);
  call.print.line("       It works once. Another: dokku setup --browser");
  return 0;
}

Result<int> setup(Invocation& call) {
  TRY(at_most(call, 0));
  if (call.options.has("browser")) return open_in_browser(call);
  const bool may_ask = call.session.terminal().stdin_is_terminal;
  TRY(provide_key(call, may_ask));
  TRY(provide_domain(call, may_ask));
  TRY(say_how_it_stands(call));
  return 0;
}

}  // namespace

void add_setup_commands(Registry& registry) {
  registry.add({.name = "setup",
                .arguments = "[--key KEY|FILE] [--domain DOMAIN|ip|none] [--browser]",
                .description = "Ask for what an installation lacks: a key, a domain",
                .access = Access::root,
                .run = setup,
                .flags = {{"key", 0, Flag::Kind::text, "a public ssh key, or its file"},
                          {"domain", 0, Flag::Kind::text,
                           "of the apps; ip: a name made of the address; none: ports"},
                          {"browser", 0, Flag::Kind::boolean,
                           "print a link that asks for both in a browser, once"}},
                .examples = {"setup --domain example.com", "setup --browser"},
                .long_running = true});
}

}  // namespace dokku::cli
