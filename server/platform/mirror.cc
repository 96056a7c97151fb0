#include "server/platform/mirror.h"

#include <algorithm>
#include <sstream>
#include <vector>

#include "base/log.h"
#include "runtime/digest/sha256.h"
#include "server/certificates/certificate.h"
#include "server/model/env_file.h"
#include "server/platform/beneath.h"
#include "server/platform/domains.h"
#include "server/platform/host.h"
#include "server/store/certificates.h"
#include "server/store/config.h"
#include "server/store/config_history.h"
#include "server/store/domains.h"
#include "server/store/properties.h"

namespace dokku::server {
namespace {

constexpr std::size_t kTextsRemembered = 32;  // more than jobs that a crash can interrupt
constexpr std::size_t kDigestSize = 16;
constexpr unsigned kPublicMode = 0644;
constexpr unsigned kSecretMode = 0600;
constexpr const char* kTlsChain = "server.crt";
constexpr const char* kTlsKey = "server.key";

std::string digest_of(const std::string& text) {
  return runtime::sha256_of(text).substr(std::string_view("sha256:").size(), kDigestSize);
}

std::string path_of(const std::string& folder, const std::string& file) {
  return folder.empty() ? file : folder + "/" + file;
}

std::string property_name(const std::string& file) { return "mirror." + file; }

Result<std::string> vhost_text(const ReadTx& tx, AppId app) {
  std::string text;
  const std::vector<Domain> domains = TRY(list_domains(tx, app));
  for (const Domain& domain : domains) text += domain.str() + "\n";
  return text;
}

Result<std::string> env_text(const ReadTx& tx, AppId app) {
  const ConfigValues values = TRY(config_values(tx, app));
  return write_env_file(values);
}

Result<std::string> hostname_text(const ReadTx& tx) {
  const std::optional<std::string> host = TRY(property(tx, AppId::global, kShownHostProperty));
  return host ? *host + "\n" : std::string();
}

// The newest first.
Result<> remember(WriteTx& tx, AppId app, const std::string& file, const std::string& text) {
  const std::string digest = digest_of(text);
  const std::optional<std::string> before = TRY(property(tx, app, property_name(file)));
  std::istringstream old(before.value_or(""));
  std::string list = digest;
  std::size_t count = 1;
  for (std::string each; count < kTextsRemembered && old >> each;) {
    if (each == digest) continue;
    list += " " + each;
    ++count;
  }
  if (before == list) return {};
  return set_property(tx, app, property_name(file), list);
}

// One name per line or word; a comment after '#'.
Result<std::vector<Domain>> parse_vhost(const std::string& text) {
  std::vector<Domain> domains;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    for (std::string word; words >> word;) {
      std::vector<Domain> named = TRY(parse_domains(word));
      for (Domain& domain : named) {
        if (std::find(domains.begin(), domains.end(), domain) == domains.end()) {
          domains.push_back(std::move(domain));
        }
      }
    }
  }
  return domains;
}

Result<> replace_domains(WriteTx& tx, AppId app, const std::vector<Domain>& domains) {
  TRY(clear_domains(tx, app));
  for (const Domain& domain : domains) TRY(add_domain(tx, app, domain));
  if (app != AppId::global) {
    TRY(set_app_vhosts_enabled(tx, app, true));
    TRY(ensure_own_port(tx, app));
  }
  return record_mirror(tx, app);
}

Fail in_file(const std::filesystem::path& path, Error error) {
  return Fail(Error(Errc::invalid_argument, path.string() + ": " + error.message()));
}

}  // namespace

Result<> record_mirror(WriteTx& tx, AppId app) {
  const std::string vhost = TRY(vhost_text(tx, app));
  TRY(remember(tx, app, "VHOST", vhost));
  if (app == AppId::global) {
    const std::string host = TRY(hostname_text(tx));
    return remember(tx, app, "HOSTNAME", host);
  }
  const std::string env = TRY(env_text(tx, app));
  return remember(tx, app, "ENV", env);
}

bool Mirror::recorded(AppId app, const std::string& file, const std::string& digest) {
  const Result<std::optional<std::string>> list =
      store_.read([&](ReadTx& tx) { return property(tx, app, property_name(file)); });
  return list && *list && (*list)->find(digest) != std::string::npos;
}

std::string Mirror::edited_text(AppId app, const std::string& path, const std::string& file) {
  std::string identity = identity_beneath(instance_.home_dir, path);
  const Known known = known_[path];
  if (identity.empty() || known.identity == identity) return {};
  const Result<std::string> text = read_beneath(instance_.home_dir, path);
  if (!text) {
    log::warn("mirror: " + path + ": " + text.error().message());
    return {};
  }
  std::string digest = digest_of(*text);
  const bool ours = known.digest.empty() ? recorded(app, file, digest) : known.digest == digest;
  if (!ours) return *text;
  known_[path] = {std::move(identity), std::move(digest)};
  return {};
}

Result<bool> Mirror::take_up_vhost(AppId app, const std::string& folder) {
  const std::string path = path_of(folder, "VHOST");
  const std::string text = edited_text(app, path, "VHOST");
  if (text.empty()) return false;
  const auto record = [&](WriteTx& tx) -> Result<> {
    const std::vector<Domain> domains = TRY(parse_vhost(text));
    TRY(replace_domains(tx, app, domains));
    return remember(tx, app, "VHOST", text);
  };
  Result<> done = store_.write(record);
  if (!done) return in_file(instance_.home_dir / path, done.error());
  known_[path] = {"", digest_of(text)};
  return true;
}

Result<bool> Mirror::take_up_env(const App& app) {
  const std::string path = path_of(app.name.str(), "ENV");
  const std::string text = edited_text(app.id, path, "ENV");
  if (text.empty()) return false;
  const auto record = [&](WriteTx& tx) -> Result<> {
    const ConfigValues values = TRY(parse_env_file(text));
    const ConfigChange done = TRY(replace_config(tx, app.id, values));
    if (!done.keys.empty()) {
      TRY(record_config_step(tx, app.id,
                             {done.version, clock_.wall(), "hand", "edit of ENV", {}, {}}));
    }
    TRY(record_mirror(tx, app.id));
    return remember(tx, app.id, "ENV", text);
  };
  Result<> done = store_.write(record);
  if (!done) return in_file(instance_.home_dir / path, done.error());
  known_[path] = {"", digest_of(text)};
  return true;
}

Result<bool> Mirror::take_up_tls(const App& app) {
  const std::string folder = path_of(app.name.str(), kTlsFolder);
  const std::string chain = path_of(folder, kTlsChain);
  const std::string key = path_of(folder, kTlsKey);
  const std::string chain_seen = identity_beneath(instance_.home_dir, chain);
  if (chain_seen.empty()) return false;
  const std::string key_seen = identity_beneath(instance_.home_dir, key);
  const std::string identity = chain_seen + " " + key_seen;
  if (key_seen.empty() || known_[folder].identity == identity) return false;
  KeyPair brought;
  brought.chain = TRY(read_beneath(instance_.home_dir, chain));
  brought.key = TRY(read_beneath(instance_.home_dir, key));
  const std::string text = brought.chain + brought.key;
  const bool taken_before = recorded(app.id, kTlsFolder, digest_of(text));
  if (!taken_before) {
    const Result<KeyPair> pair = check_key_pair(brought);
    if (!pair) return in_file(instance_.home_dir / chain, pair.error());
    const auto record = [&](WriteTx& tx) -> Result<> {
      TRY(set_certificate(tx, app.id, *pair, clock_.wall()));
      return remember(tx, app.id, kTlsFolder, text);
    };
    TRY(store_.write(record));
  }
  known_[folder] = {identity, digest_of(text)};
  return !taken_before;
}

Result<> Mirror::take_up_hostname() {
  const std::string text = edited_text(AppId::global, "HOSTNAME", "HOSTNAME");
  if (text.empty()) return {};
  const auto record = [&](WriteTx& tx) -> Result<> {
    std::string host;
    std::istringstream(text) >> host;
    TRY(check_host(host));
    TRY(set_property(tx, AppId::global, kShownHostProperty, host));
    return remember(tx, AppId::global, "HOSTNAME", text);
  };
  Result<> done = store_.write(record);
  if (!done) return in_file(instance_.home_dir / "HOSTNAME", done.error());
  known_["HOSTNAME"] = {"", digest_of(text)};
  return {};
}

Result<> Mirror::take_up_global() {
  // A report over all apps asks for each of them.
  if (!store_.first_in_moment("files of all apps")) return {};
  const std::lock_guard hold(mutex_);
  TRY(take_up_vhost(AppId::global, ""));
  return take_up_hostname();
}

Result<bool> Mirror::take_up(const App& app) {
  const std::lock_guard hold(mutex_);
  TRY(take_up_env(app));
  const bool names = TRY(take_up_vhost(app.id, app.name.str()));
  const bool certificate = TRY(take_up_tls(app));
  return names || certificate;
}

void Mirror::write_file(const std::string& folder, const std::string& file, const std::string& text,
                        bool only_if_there) {
  const std::string path = path_of(folder, file);
  if (only_if_there && identity_beneath(instance_.home_dir, path).empty()) return;
  const BeneathFile target{instance_.home_dir, folder, file,
                           file == "ENV" ? kSecretMode : kPublicMode};
  const Result<> done =
      text.empty() && !only_if_there ? remove_beneath(target) : replace_beneath(target, text);
  if (done) {
    known_[path] = {"", digest_of(text)};
  } else {
    log::warn("mirror: " + path + ": " + done.error().message());
  }
}

void Mirror::write_global() {
  const std::lock_guard hold(mutex_);
  const Result<std::string> vhost =
      store_.read([](ReadTx& tx) { return vhost_text(tx, AppId::global); });
  if (vhost) write_file("", "VHOST", *vhost, false);
  const Result<std::string> host = store_.read([](ReadTx& tx) { return hostname_text(tx); });
  if (host) write_file("", "HOSTNAME", *host, false);
}

void Mirror::write(const App& app) {
  const std::lock_guard hold(mutex_);
  follow(app.name);
}

void Mirror::remove(const AppName& app) {
  const std::lock_guard hold(mutex_);
  follow(app);
}

// Whichever of two callers comes last finds what is true then: an app that another one has created
// under the name of one that was destroyed keeps its folder.
void Mirror::follow(const AppName& name) {
  const Result<App> app = store_.read([&](ReadTx& tx) { return find_app(tx, name.str()); });
  if (!app && app.error().code() == Errc::not_found) return clear(name);
  if (!app) return log::warn("mirror: " + name.str() + ": " + app.error().message());
  const AppId id = app->id;
  const Result<std::string> vhost = store_.read([&](ReadTx& tx) { return vhost_text(tx, id); });
  if (vhost) write_file(name.str(), "VHOST", *vhost, false);
  const Result<std::string> env = store_.read([&](ReadTx& tx) { return env_text(tx, id); });
  if (env) write_file(name.str(), "ENV", *env, true);
}

void Mirror::renamed(const AppName& from, const App& app) {
  {
    const std::lock_guard hold(mutex_);
    for (const char* file : {"VHOST", "ENV", kTlsFolder}) {
      known_.erase(path_of(from.str(), file));
      known_.erase(path_of(app.name.str(), file));
    }
  }
  write(app);
}

void Mirror::clear(const AppName& app) {
  for (const char* file : {"VHOST", "ENV"}) {
    known_.erase(path_of(app.str(), file));
    const Result<> done = remove_beneath({instance_.home_dir, app.str(), file, kPublicMode});
    if (!done) log::warn("mirror: " + app.str() + ": " + done.error().message());
  }
  const std::string tls = path_of(app.str(), kTlsFolder);
  known_.erase(tls);
  for (const char* file : {kTlsChain, kTlsKey}) {
    const Result<> done = remove_beneath({instance_.home_dir, tls, file, kSecretMode});
    if (!done) log::warn("mirror: " + tls + ": " + done.error().message());
  }
  for (const std::string& folder : {tls, app.str()}) {
    const Result<> done = remove_folder_beneath(instance_.home_dir, folder);
    if (!done) log::warn("mirror: " + folder + ": " + done.error().message());
  }
}

}  // namespace dokku::server
