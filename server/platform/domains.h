// Domains: the names and the port by which apps are reached.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/model/domain.h"
#include "server/model/instance.h"
#include "server/platform/lifecycle.h"
#include "server/platform/mirror.h"
#include "server/platform/routing.h"
#include "server/store/apps.h"
#include "server/store/domains.h"

namespace dokku::server {

// Ports for apps without a name: the first free one of this range that nothing else on the host
// listens on. Set by `domains:set-property --global port-range 20000-29999`.
struct PortRange {
  std::uint16_t first = 20000;
  std::uint16_t last = 29999;
};

// The property behind `shown_host`.
inline constexpr const char* kShownHostProperty = "domains.shown-host";

struct DomainsReport {
  bool app_enabled = true;
  std::vector<Domain> app_vhosts;
  bool global_enabled = false;
  std::vector<Domain> global_vhosts;
};

// What an add or remove did, name by name.
struct DomainOutcome {
  Domain domain;
  bool changed;
};

// The names that a new app (or one that is reset) gets. Shared with Apps::create.
Result<std::vector<Domain>> default_domains(const ReadTx& tx, const AppName& name);
// After a rename: the names that `app` had from its old one become those of its new one, in their
// places, as far as they are free.
Result<> rename_default_domains(WriteTx& tx, const App& app, const AppName& old);
// The app's port on the host when it needs one and has none yet. limit_exceeded: range used up.
Result<> ensure_own_port(WriteTx& tx, AppId id);

class Domains {
 public:
  Domains(const Instance& instance, Store& store, Lifecycle& lifecycle, Mirror& mirror)
      : instance_(instance), store_(store), lifecycle_(lifecycle), mirror_(mirror) {}

  // Each is all or nothing, then the routes follow (`routes_changed`), which the caller asks for.
  Result<std::vector<DomainOutcome>> add(const App& app, const std::vector<Domain>& domains);
  Result<std::vector<DomainOutcome>> remove(const App& app, const std::vector<Domain>& domains);
  Result<> set(const App& app, const std::vector<Domain>& domains);
  Result<> clear(const App& app);
  Result<> reset(const App& app);
  Result<> set_enabled(const App& app, bool enabled);

  Result<> add_global(const std::vector<Domain>& domains);
  Result<> remove_global(const std::vector<Domain>& domains);
  Result<> set_global(const std::vector<Domain>& domains);

  Result<DomainsReport> report(const App& app);
  Result<DomainsReport> global_report();
  // "http://blog.example.com", sorted as text; without a name "http://IP:PORT".
  Result<std::vector<std::string>> urls(const App& app);
  // The address that is shown for apps without a name: the property, else HOSTNAME's file, else
  // the address of the interface that leads out.
  Result<std::string> shown_host();
  Result<> set_shown_host(const std::string& host);   // empty: choose
  Result<> set_port_range(const std::string& range);  // "20000-29999"; empty: the default

  Result<> routes_changed(const App& app, Progress& progress);

 private:
  const Instance& instance_;
  Store& store_;
  Lifecycle& lifecycle_;
  Mirror& mirror_;
};

}  // namespace dokku::server
