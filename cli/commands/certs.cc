#include <set>

#include "base/io.h"
#include "cli/commands/arguments.h"
#include "cli/commands/registry.h"
#include "cli/commands/reports.h"
#include "cli/commands/topics.h"
#include "cli/commands/ways.h"
#include "server/platform/mirror.h"

namespace dokku::cli {
namespace {

using server::App;
using server::CertificateFacts;
using server::KeyPair;
using server::PortMap;

constexpr std::size_t kTarBytesMax = 1 << 20;

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

Result<std::string> file_of_caller(Invocation& call, std::size_t index, const char* what) {
  const std::string missing =
      std::string(what) + " file specified not found, please check file paths";
  if (call.args.size() <= index) return fail(Errc::invalid_argument, missing);
  const Result<UniqueFd> file = call.session.open_callers_file(call.args[index]);
  if (!file) return fail(Errc::invalid_argument, missing);
  return read_all(file->get(), server::kPemBytesMax);
}

Result<KeyPair> brought(Invocation& call) {
  if (call.args.size() > 1) {
    KeyPair pair;
    pair.chain = TRY(file_of_caller(call, 1, "CRT"));
    pair.key = TRY(file_of_caller(call, 2, "KEY"));
    return pair;
  }
  constexpr const char* kExpected =
      "Tar archive containing server.crt and server.key expected on stdin";
  if (call.session.terminal().stdin_is_terminal) return fail(Errc::invalid_argument, kExpected);
  const std::string tar = TRY(call.session.read_stdin(kTarBytesMax));
  if (tar.empty()) return fail(Errc::invalid_argument, kExpected);
  return call.platform.certs.pair_in_tar(tar);
}

Result<> tell(Invocation& call, const App& app, const CertificateFacts& facts) {
  call.print.verbose("Certificate for " + joined(facts.hostnames) + ", until " + facts.expires_at);
  const std::vector<std::string> bare = TRY(call.platform.certs.uncovered(app, facts));
  const server::DomainsReport domains = TRY(call.platform.domains.report(app));
  if (!bare.empty() && bare.size() == domains.app_vhosts.size()) {
    call.print.info1("No matching configured domains for " + app.name.str() +
                     " found in SSL certificate. Browsers will call the app insecure.");
    call.print.verbose("Domains of the app: " + joined(bare));
    call.print.verbose("Domains of the certificate: " + joined(facts.hostnames));
  } else if (!bare.empty()) {
    call.print.warn("The certificate is not for " + joined(bare));
  }
  if (facts.expired) {
    call.print.warn("The certificate expired on " + facts.expires_at +
                    ": browsers refuse it\nA new one: dokku certs:update " + app.name.str() +
                    " server.crt server.key");
  }
  if (call.platform.instance.https_port == 0) {
    call.print.warn(
        "This instance has no port for https\nGive it one: \"https_port\" in "
        "instance.json, and --https-port of dokku-proxy");
  }
  return {};
}

// Maps that somebody set hide the detected https:443; a certificate is brought to be served.
Result<> add_way(Invocation& call, const App& app) {
  const server::PortsSeen ports = TRY(call.platform.ports.seen(app));
  const PortMap* http = nullptr;
  for (const PortMap& map : ports.set) {
    if (needs_certificate(map.scheme) || map.host == server::kHttpsPort) return {};
    const bool plain = map.scheme == server::PortScheme::http;
    if (plain && (http == nullptr || map.host == server::kHttpPort)) http = &map;
  }
  if (http == nullptr) return {};
  return call.platform.ports.add(
      app, {{server::PortScheme::https, server::kHttpsPort, http->container}});
}

Result<int> add(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::bash));
  TRY(at_most(call, 3));
  const KeyPair pair = TRY(brought(call));
  const CertificateFacts facts = TRY(call.platform.certs.set(app, pair));
  record_event(call, app.name.str(), joined(facts.hostnames));
  TRY(tell(call, app, facts));
  TRY(add_way(call, app));
  TRY(follow_ways(call, app));
  return 0;
}

Result<int> generate(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::bash));
  TRY(at_most(call, 2));
  const std::optional<KeyPair> present = TRY(call.platform.certs.of(app));
  if (present) {
    call.print.info1(app.name.str() + " has an SSL endpoint already defined");
    return 0;
  }
  if (call.args.size() < 2) {
    return fail(Errc::invalid_argument,
                "Please specify a domain name. Usage: dokku " + call.command + " <app> <domain>");
  }
  const server::Domain domain = TRY(server::Domain::parse(call.args[1]));
  TRY(call.platform.domains.add(app, {domain}));
  call.print.info1("Installing certificate and key...");
  const CertificateFacts facts = TRY(call.platform.certs.generate(app, domain.str()));
  record_event(call, app.name.str(), domain.str());
  TRY(tell(call, app, facts));
  TRY(follow_ways(call, app));
  return 0;
}

Result<int> remove(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::bash));
  TRY(at_most(call, 1));
  const std::optional<KeyPair> present = TRY(call.platform.certs.of(app));
  if (!present) {
    return fail(Errc::conflict, "An app-specific SSL endpoint is not defined");
  }
  call.print.info1("Removing SSL endpoint from " + app.name.str());
  TRY(call.platform.certs.remove(app));
  record_event(call, app.name.str(), "");
  TRY(follow_ways(call, app));
  return 0;
}

Result<int> show(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::bash));
  TRY(at_most(call, 2));
  const std::string which = call.args.size() > 1 ? call.args[1] : "";
  if (which != "crt" && which != "key") {
    return fail(Errc::invalid_argument, "specify either 'key' or 'crt'");
  }
  const std::optional<KeyPair> pair = TRY(call.platform.certs.of(app));
  if (!pair) {
    return fail(Errc::conflict, app.name.str() + " doesn't have an SSL endpoint defined");
  }
  call.session.out(which == "crt" ? pair->chain : pair->key);
  return 0;
}

// Dokku's: in order, the common name among them.
std::string hostnames_shown(const CertificateFacts& facts) {
  std::set<std::string> names(facts.hostnames.begin(), facts.hostnames.end());
  if (!facts.common_name.empty()) names.insert(facts.common_name);
  return joined({names.begin(), names.end()});
}

Result<ReportValues> values(Invocation& call, const App& app) {
  const std::optional<KeyPair> pair = TRY(call.platform.certs.of(app));
  CertificateFacts facts;
  if (pair) facts = TRY(server::read_certificate(pair->chain));
  std::string verified;
  if (pair) {
    verified = facts.self_signed ? "self signed"
               : facts.verified  ? "verified by a certificate authority"
                                 : "not verified by an authority that this server knows";
  }
  const auto by_hand = call.platform.instance.home_dir / app.name.str() / server::kTlsFolder;
  return ReportValues{
      {"ssl-dir", by_hand.string()},        {"ssl-enabled", pair ? "true" : "false"},
      {"ssl-expires-at", facts.expires_at}, {"ssl-hostnames", hostnames_shown(facts)},
      {"ssl-issuer", facts.issuer},         {"ssl-starts-at", facts.starts_at},
      {"ssl-subject", facts.subject},       {"ssl-verified", verified}};
}

// Dokku lists three that it never had; so do we, and say what does it.
Fail not_implemented(const Invocation& call, const std::string& instead) {
  return fail(Errc::conflict, "`" + call.command + "` is not implemented, here as in Dokku." +
                                  "\nInstead: dokku " + instead);
}

Result<int> chain(Invocation& call) { return not_implemented(call, "certs:show APP crt"); }

Result<int> key(Invocation& call) { return not_implemented(call, "certs:show APP key"); }

Result<int> rollback(Invocation& call) {
  const App app = TRY(app_argument(call, 0, Missing::bash));
  return not_implemented(call, "certs:update " + app.name.str() + " server.crt server.key");
}

Command words(std::string name, std::string arguments, std::string description, Handler run) {
  return {.name = std::move(name),
          .arguments = std::move(arguments),
          .description = std::move(description),
          .run = std::move(run),
          .grammar = Grammar::words};
}

}  // namespace

void add_certs_commands(Registry& registry) {
  const std::string files = "<app> [<crt> <key>]";
  registry.add_topic({"certs", "Manage SSL (TLS) certs"});
  registry.add(
      words("certs:add", files, "Add an ssl endpoint to an app: files, or a tar on stdin", add));
  registry.add(words("certs:chain", "<crt> [<crt> ...]",
                     "[NOT IMPLEMENTED] Print the chain of a certificate", chain));
  registry.add(words("certs:generate", "<app> <domain>",
                     "Generate a key and a self-signed certificate for an app", generate));
  registry.add(words("certs:key", "<crt> <key> [<key> ...]",
                     "[NOT IMPLEMENTED] Print the key that fits a certificate", key));
  registry.add(words("certs:remove", "<app>", "Remove an SSL Endpoint from an app", remove));
  registry.add(report_command("certs:report",
                              {.title = "ssl", .key_prefix = "ssl-", .of_app = values},
                              "Displays an ssl report for one or more apps"));
  registry.add(words("certs:rollback", "<app>",
                     "[NOT IMPLEMENTED] Go back to an earlier certificate", rollback));
  Command showing = words("certs:show", "<app> crt|key", "Print an app's certificate or key", show);
  showing.access = Access::secrets;
  registry.add(std::move(showing));
  registry.add(words("certs:update", files, "Update an SSL Endpoint on an app", add));
}

}  // namespace dokku::cli
