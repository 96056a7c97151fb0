#include "server/platform/setup.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <optional>

#include "runtime/digest/sha256.h"
#include "server/backup/cipher.h"
#include "server/model/app_name.h"
#include "server/platform/host.h"
#include "server/platform/setup_door.h"
#include "server/store/domains.h"
#include "server/store/properties.h"
#include "server/store/setup_link.h"

namespace dokku::server {
namespace {

constexpr std::size_t kTokenBytes = 16;
constexpr std::size_t kShownBytes = 60;  // of what was not understood
constexpr const char* kByAddress = "ip";
constexpr const char* kNone = "none";
constexpr const char* kNameService = ".sslip.io";
constexpr const char* kUseless = "This link is of no use any more";

// --- what was typed

Result<std::vector<PublicKey>> parse_keys(std::string_view text) {
  if (text.find("PRIVATE KEY") != text.npos) {
    return fail(Errc::invalid_argument,
                "That is a private key, which stays where it is; the public one is in the file "
                "beside it that ends in .pub");
  }
  const bool some = !text.empty();
  std::vector<PublicKey> keys;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
    if (line.empty() || line.front() == '#') continue;
    const Result<PublicKey> key = PublicKey::parse(line);
    if (!key) {
      return fail(Errc::invalid_argument,
                  printable(line.substr(0, kShownBytes)) +
                      " is no public ssh key\nIt is one line of a .pub file: ssh-ed25519 AAAA…");
    }
    keys.push_back(*key);
  }
  if (keys.empty() && some) return fail(Errc::invalid_argument, "There is no key in it");
  return keys;
}

// A public name service answers with the address that the name itself holds.
Result<Domain> name_of_address(const std::string& address) {
  in6_addr any{};
  if (::inet_pton(AF_INET, address.c_str(), &any) == 1) {
    return Domain::parse(address + kNameService);
  }
  if (::inet_pton(AF_INET6, address.c_str(), &any) != 1) {
    return fail(Errc::invalid_argument,
                printable(address) + " is a name and no address\nGive it as the domain");
  }
  std::string dashed = address;
  std::replace(dashed.begin(), dashed.end(), ':', '-');
  return Domain::parse(dashed + kNameService);
}

Result<Domain> parse_domain(const std::string& text) {
  const Result<Domain> domain = Domain::parse(text);
  if (!domain || domain->str() == "_") {
    return fail(Errc::invalid_argument,
                printable(std::string_view(text).substr(0, kShownBytes)) +
                    " is no domain\nIt has letters, digits, dots and hyphens: apps.example.com");
  }
  if (domain->is_address()) {
    return fail(Errc::invalid_argument, text + " is an address\nSay ip for names made of it");
  }
  if (domain->wildcard()) {
    return fail(Errc::invalid_argument, "Apps get names below a domain\nSay it without *.");
  }
  return domain;
}

// As long for texts that differ at once as for those that differ at the end.
bool same(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned>(a[i] ^ b[i]);
  return difference == 0;
}

Result<bool> opens_at(const ReadTx& tx, std::string_view token, WallTime now) {
  const std::optional<SetupLink> link = TRY(setup_link(tx, now));
  return link && same(link->digest, runtime::sha256_of(token));
}

// --- what becomes of it

// "admin", "admin-2", …
Result<KeyName> free_name(const std::vector<StoredKey>& keys) {
  std::string name = "admin";
  for (int number = 2;; ++number) {
    const bool taken = std::any_of(keys.begin(), keys.end(),
                                   [&](const StoredKey& key) { return key.name.str() == name; });
    if (!taken) return KeyName::parse(name);
    name = "admin-" + std::to_string(number);
  }
}

Result<std::vector<StoredKey>> add_keys(WriteTx& tx, const std::vector<PublicKey>& keys,
                                        WallTime now) {
  std::vector<StoredKey> added;
  for (const PublicKey& key : keys) {
    const std::vector<StoredKey> known = TRY(list_keys(tx));
    const bool there = std::any_of(known.begin(), known.end(), [&](const StoredKey& each) {
      return each.key.fingerprint() == key.fingerprint();
    });
    if (there) continue;
    KeyName name = TRY(free_name(known));
    added.push_back({std::move(name), key, now});
    TRY(add_key(tx, added.back()));
  }
  return added;
}

Result<> put_domains(WriteTx& tx, const std::optional<Domain>& domain) {
  TRY(clear_domains(tx, AppId::global));
  if (domain) TRY(add_domain(tx, AppId::global, *domain));
  return {};
}

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

std::string in_words(const SetupDone& done) {
  std::string words;
  for (const StoredKey& key : done.added) {
    words += (words.empty() ? "" : ", ") + key.name.str() + " " + key.key.fingerprint().str();
  }
  for (const Domain& domain : done.domains) words += (words.empty() ? "" : ", ") + domain.str();
  return words;
}

}  // namespace

Result<SetupDone> Setup::apply(const SetupAnswers& said) { return commit(said, {}); }

// `token`: empty: of somebody who needs none.
Result<SetupDone> Setup::commit(const SetupAnswers& said, std::string_view token) {
  const std::vector<PublicKey> keys = TRY(parse_keys(said.keys));
  if (!said.address.empty()) TRY(check_host(said.address));
  const std::string known = TRY(domains_.shown_host());
  std::optional<Domain> domain;
  if (said.domain == kByAddress) {
    domain = TRY(name_of_address(said.address.empty() ? known : said.address));
  } else if (!said.domain.empty() && said.domain != kNone) {
    domain = TRY(parse_domain(said.domain));
  }
  SetupDone done;
  const auto change = [&](WriteTx& tx) -> Result<> {
    if (!token.empty()) {
      const bool good = TRY(opens_at(tx, token, clock_.wall()));
      if (!good) return fail(Errc::not_found, kUseless);
      TRY(set_setup_link(tx, std::nullopt));
    }
    done.added = TRY(add_keys(tx, keys, clock_.wall()));
    // What is found by itself is not pinned: addresses change.
    if (!said.address.empty() && said.address != known) {
      TRY(set_property(tx, AppId::global, kShownHostProperty, said.address));
    }
    if (!said.domain.empty()) TRY(put_domains(tx, domain));
    done.domains = TRY(list_domains(tx, AppId::global));
    const std::vector<StoredKey> all = TRY(list_keys(tx));
    if (!token.empty() && all.empty()) {
      return fail(Errc::invalid_argument, "A key is missing: without one nobody can push");
    }
    return record_mirror(tx, AppId::global);
  };
  TRY(store_.write(change));
  mirror_.write_global();
  TRY(keys_.write_authorized_keys());
  return done;
}

Result<SetupFacts> Setup::facts() {
  SetupFacts facts;
  facts.address = TRY(domains_.shown_host());
  const std::vector<StoredKey> keys = TRY(keys_.list());
  facts.keys = keys.size();
  const DomainsReport report = TRY(domains_.global_report());
  facts.domains = report.global_vhosts;
  const std::string host = "dokku@" + bracketed(facts.address);
  facts.remote = instance_.ssh_port == 22
                     ? host + ":my-app"
                     : "ssh://" + host + ":" + std::to_string(instance_.ssh_port) + "/my-app";
  return facts;
}

// --- by link

Result<std::string> Setup::open_link() {
  std::string token;
  for (const char byte : random_bytes(kTokenBytes)) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    token += kDigits[static_cast<unsigned char>(byte) >> 4];
    token += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  const SetupLink link{runtime::sha256_of(token), clock_.wall() + kSetupLinkLife};
  TRY(store_.write([&](WriteTx& tx) { return set_setup_link(tx, link); }));
  if (door_ != nullptr) TRY(door_->follow());
  const std::string host = TRY(domains_.shown_host());
  const std::string port =
      instance_.http_port == 80 ? "" : ":" + std::to_string(instance_.http_port);
  return "http://" + bracketed(host) + port + "/setup/" + token;
}

Result<bool> Setup::opens(std::string_view token) {
  return store_.read([&](ReadTx& tx) { return opens_at(tx, token, clock_.wall()); });
}

Result<SetupDone> Setup::apply_by_link(std::string_view token, const SetupAnswers& said) {
  const bool good = TRY(opens(token));
  if (!good) return fail(Errc::not_found, kUseless);
  if (said.domain.empty()) {
    return fail(Errc::invalid_argument, "A domain is missing\nOr choose another way");
  }
  const TimePoint began = clock_.now();
  SetupDone done = TRY(commit(said, token));
  events_.record({{"set-up link", "setup", "", in_words(done), 0, clock_.now() - began}});
  return done;
}

}  // namespace dokku::server
