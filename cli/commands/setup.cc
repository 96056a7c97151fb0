// `dokku setup`: from a bare installation to one that somebody can push to, a question at a time.
#include "cli/commands/setup.h"

#include "base/io.h"
#include "cli/commands/arguments.h"
#include "cli/commands/registry.h"
#include "server/platform/host.h"

namespace dokku::cli {
namespace {

using server::Domain;
using server::KeyName;
using server::PublicKey;

constexpr std::size_t kKeyFileBytesMax = 64 * 1024;
constexpr int kTriesMax = 3;
constexpr const char* kNoDomain = "none";
constexpr const char* kByAddress = "ip";

bool is_path(std::string_view answer) { return answer.starts_with('/') || answer.starts_with('~'); }

// A key as it stands in a file, or the path of such a file.
Result<PublicKey> read_key(Invocation& call, const std::string& answer) {
  std::string text = answer;
  if (is_path(answer)) {
    const UniqueFd file = TRY(call.session.open_callers_file(answer));
    text = TRY(read_all(file.get(), kKeyFileBytesMax));
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return PublicKey::parse(text);
}

Result<> add_key(Invocation& call, const std::string& answer) {
  const KeyName name = TRY(KeyName::parse("admin"));
  const PublicKey key = TRY(read_key(call, answer));
  const server::Fingerprint added =
      TRY(call.platform.keys.add({name, key, server::KeyRole::admin, {}}));
  call.print.line("       Added the key admin, " + added.str());
  record_event(call, "", "admin " + added.str());
  return {};
}

// "ip": a public name service answers with the address that the name itself holds.
Result<> set_domain(Invocation& call, const std::string& answer) {
  std::string name = answer;
  if (answer == kByAddress) {
    const std::string host = TRY(call.platform.domains.shown_host());
    name = host + ".sslip.io";
  }
  const Domain domain = TRY(Domain::parse(name));
  TRY(call.platform.domains.set_global({domain}));
  call.print.line("       Apps get names below " + domain.str());
  record_event(call, "", domain.str());
  return {};
}

// Asks until `take` is content, the person has nothing to say, or has had enough tries.
template <class F>
Result<> ask_until(Invocation& call, std::string_view question, F&& take) {
  for (int tries = 0; tries < kTriesMax; ++tries) {
    const Result<std::string> answer = call.session.ask(question);
    if (!answer && answer.error().code() != Errc::cancelled) return Fail(answer.error());
    if (!answer || answer->empty()) return {};
    const Result<> taken = take(*answer);
    if (taken) return {};
    call.print.warn(taken.error().message());
  }
  return {};
}

Result<> provide_key(Invocation& call, bool may_ask) {
  if (call.options.has("key")) return add_key(call, call.options.text("key"));
  const std::vector<server::StoredKey> keys = TRY(call.platform.keys.list());
  if (!keys.empty() || !may_ask) return {};
  return ask_until(call, "Public ssh key that may push (the key, or the path of its file): ",
                   [&](const std::string& answer) { return add_key(call, answer); });
}

Result<> provide_domain(Invocation& call, bool may_ask) {
  const auto take = [&](const std::string& answer) -> Result<> {
    return answer == kNoDomain ? Result<>() : set_domain(call, answer);
  };
  if (call.options.has("domain")) return take(call.options.text("domain"));
  const server::DomainsReport report = TRY(call.platform.domains.global_report());
  if (!report.global_vhosts.empty() || !may_ask) return {};
  return ask_until(call,
                   "Domain of the apps (DOMAIN and *.DOMAIN lead here; \"ip\": a name made of the "
                   "address; empty: ports): ",
                   take);
}

// The same lines after an installation and whenever somebody wants to know.
Result<> say_how_it_stands(Invocation& call) {
  const std::string host = TRY(call.platform.domains.shown_host());
  const std::vector<server::StoredKey> keys = TRY(call.platform.keys.list());
  const server::DomainsReport report = TRY(call.platform.domains.global_report());
  call.print.line("=====> dokku on " + host);
  if (keys.empty()) {
    call.print.line("       Missing: a key that may push. dokku ssh-keys:add NAME FILE");
  } else {
    call.print.line("       Keys that may push: " + std::to_string(keys.size()));
  }
  if (report.global_vhosts.empty()) {
    call.print.line("       Apps are reached by ports. dokku domains:set-global DOMAIN");
  } else {
    call.print.line("       Apps are reached at APP." + report.global_vhosts.front().str());
  }
  call.print.line("       In a repository with an app: git push dokku@" + host + ":my-app main");
  return {};
}

Result<int> setup(Invocation& call) {
  TRY(at_most(call, 0));
  const bool may_ask = call.session.terminal().stdin_is_terminal;
  TRY(provide_key(call, may_ask));
  TRY(provide_domain(call, may_ask));
  TRY(say_how_it_stands(call));
  return 0;
}

}  // namespace

void add_setup_commands(Registry& registry) {
  registry.add({.name = "setup",
                .arguments = "[--key KEY|FILE] [--domain DOMAIN|ip|none]",
                .description = "Ask for what an installation lacks: a key, a domain",
                .access = Access::root,
                .run = setup,
                .flags = {{"key", 0, Flag::Kind::text, "a public ssh key, or its file"},
                          {"domain", 0, Flag::Kind::text,
                           "of the apps; ip: a name made of the address; none: ports"}},
                .examples = {"setup --domain example.com"},
                .long_running = true});
}

}  // namespace dokku::cli
