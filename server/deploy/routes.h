// AppRoutes: tells the proxy where each app's requests go, and keeps telling it.
//
// The answer is derived each time from the store (names, own port, which release serves, how many)
// and from the executor (which of its web instances are ready). The pipeline publishes in step with
// a switch; a thread of its own follows instances that come and go, and repeats what the proxy
// missed while it was away. One put at a time, so an older answer never overwrites a newer one.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "proxy/control/client.h"
#include "server/model/instance.h"
#include "server/model/route_spec.h"
#include "server/store/apps.h"
#include "server/supervise/executor.h"

namespace dokku::server {

class AppRoutes {
 public:
  struct Parts {
    Store& store;
    Executor& executor;
    proxy::RouteControl& proxy;
    const Instance& instance;
    // How the app is reached (server/platform/routing.h).
    std::function<Result<RouteSpec>(const ReadTx&, const App&)> spec;
  };
  explicit AppRoutes(Parts parts);
  ~AppRoutes();

  // Makes the proxy's table right for this app, before it returns. An app that is not deployed or
  // does not exist has no routes. On unavailable it is repeated in the background.
  Result<> publish(const std::string& app);
  // Removes them, whatever the store says: an app is about to be destroyed.
  Result<> remove(const std::string& app);
  // An app gets another name. `commit` makes it so in the store; then the proxy's table goes from
  // one name to the other in one step, and no request meets a moment without routes. Fails only
  // when `commit` does: what the proxy missed is repeated in the background.
  Result<> hand_over(const std::string& from, const std::string& to,
                     const std::function<Result<>()>& commit);
  // A group of ours that is no app's: its key is no app's name. Told again as an app's is.
  Result<> publish_own(const proxy::Group& group);
  Result<> withdraw_own(const std::string& key);
  // After the daemon's start: what the proxy has and no app wants goes, all apps are looked at.
  void reconcile();

  // The addresses of the running release's web instances up to `count`.
  std::vector<proxy::Target> targets(const std::string& app, std::uint64_t release, unsigned count);

 private:
  struct Answer {
    bool deployed = false;
    bool still_starting = false;
    proxy::Group group;
    std::vector<proxy::Certificate> certificates;
  };
  Result<Answer> answer(const std::string& name);
  enum class Published {
    whole,
    once_more,  // right, and to be called again: what an earlier daemon left still answers requests
  };
  Result<Published> publish_locked(const std::string& app, bool patient);
  Result<> swap_names(const std::string& from, const std::string& to);
  void follow();
  Result<> drop_strangers();
  void mark(const std::string& app);

  Parts parts_;
  std::mutex publishing_;  // held over read and put
  std::map<std::string, proxy::Group> sent_;
  std::map<std::string, proxy::Group> own_;  // by key
  std::mutex mutex_;                         // of what follows
  std::condition_variable woken_;
  std::set<std::string> dirty_;
  bool reconcile_ = false;
  bool stopping_ = false;
  std::unique_ptr<runtime::Watch> watch_;
  std::thread thread_;
};

}  // namespace dokku::server
