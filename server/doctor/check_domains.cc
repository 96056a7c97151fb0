// Whether the names of apps lead here.
#include <algorithm>
#include <cstdlib>

#include "server/doctor/checks.h"
#include "server/store/domains.h"
#include "server/store/properties.h"

namespace dokku::server {
namespace {

constexpr std::chrono::milliseconds kLookupLimit{500};
constexpr std::size_t kAddressesNamed = 3;

struct NameOfApp {
  std::string app;  // empty: the global domain
  std::string name;
};

// Wildcards are asked for by a name that they stand for; a bare address is no name.
void add_name(const std::string& app, const Domain& domain, std::vector<NameOfApp>& names) {
  const std::string& text = domain.str();
  if (domain.is_address() || text == "_") return;
  names.push_back({app, domain.wildcard() ? "dokku-doctor" + text.substr(1) : text});
}

Result<std::vector<NameOfApp>> names_of(Store& store, const DoctorScope& scope) {
  return store.read([&](ReadTx& tx) -> Result<std::vector<NameOfApp>> {
    std::vector<NameOfApp> names;
    const std::vector<Domain> global = TRY(list_domains(tx, AppId::global));
    if (scope.whole) {
      for (const Domain& domain : global) add_name("", domain, names);
    }
    for (const App& app : scope.apps) {
      const std::vector<Domain> own = TRY(list_domains(tx, app.id));
      for (const Domain& domain : own) add_name(app.name.str(), domain, names);
    }
    return names;
  });
}

// An address that the world does not route: RFC 1918, RFC 6598. Behind one, ours is another's.
bool is_private(const std::string& address) {
  if (address.starts_with("10.") || address.starts_with("192.168.")) return true;
  const bool wide = address.starts_with("172.") || address.starts_with("100.");
  if (!wide) return false;
  const int second = std::atoi(address.c_str() + 4);
  return address[0] == '1' && address[1] == '7' ? second >= 16 && second < 32
                                                : second >= 64 && second < 128;
}

std::string some_of(const std::set<std::string>& addresses) {
  std::string text;
  std::size_t count = 0;
  for (const std::string& address : addresses) {
    if (++count > kAddressesNamed) return text + ", …";
    text += (text.empty() ? "" : ", ") + address;
  }
  return text;
}

std::string title(const NameOfApp& name) {
  return name.app.empty() ? "the global domain " + name.name : name.name + " of " + name.app;
}

class Judge {
 public:
  Judge(std::set<std::string> own, Lookups found) : own_(std::move(own)), found_(std::move(found)) {
    behind_nat_ = std::all_of(own_.begin(), own_.end(), [](const std::string& address) {
      return is_private(address) || address.find(':') != std::string::npos;
    });
  }

  // Nothing: it points here.
  std::optional<Finding> judge(const NameOfApp& name) const {
    const auto found = found_.find(name.name);
    if (found == found_.end()) {
      return note("domains", "no name server answers for " + title(name),
                  "look at /etc/resolv.conf");
    }
    const std::set<std::string>& addresses = found->second;
    const std::string here = own_.empty() ? "this server's address" : some_of(own_);
    const std::string record = "point it to " + here + " at who has the domain";
    if (addresses.empty()) return wrong("domains", title(name) + " is unknown to DNS", record);
    const bool points_here =
        std::any_of(addresses.begin(), addresses.end(),
                    [&](const std::string& address) { return own_.contains(address); });
    if (points_here) return std::nullopt;
    const std::string what = title(name) + " points to " + some_of(addresses) + ", not to " + here;
    if (behind_nat_) {
      return note("domains", what + "; right if a router passes its ports on to here", record);
    }
    return wrong("domains", what, record);
  }

 private:
  std::set<std::string> own_;
  Lookups found_;
  bool behind_nat_ = false;
};

}  // namespace

Findings check_domains(const DoctorParts& parts, const DoctorScope& scope) {
  const Result<std::vector<NameOfApp>> names = names_of(parts.store, scope);
  if (!names) return {};  // the store's own check says why
  if (names->empty()) {
    return {note("domains", "no domain is set: apps answer on ports of their own",
                 "dokku domains:set-global DOMAIN")};
  }
  std::vector<std::string> asked;
  for (const NameOfApp& name : *names) asked.push_back(name.name);
  std::sort(asked.begin(), asked.end());
  asked.erase(std::unique(asked.begin(), asked.end()), asked.end());
  const Judge judge(parts.host->addresses(), parts.host->look_up(asked, kLookupLimit));
  Findings found;
  for (const NameOfApp& name : *names) {
    if (auto finding = judge.judge(name)) found.push_back(std::move(*finding));
  }
  if (!found.empty()) return found;
  return {good("domains", "all " + std::to_string(names->size()) + " point here")};
}

}  // namespace dokku::server
