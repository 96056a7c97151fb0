// Mirror: the few files that people may edit by hand, as the old tutorials do.
//
// home_dir/VHOST (global domains), HOSTNAME (the name shown for apps without a domain), APP/VHOST,
// APP/ENV, and APP/tls/server.crt with server.key: these are read but never written. After a commit
// a file is written from what the store says then; at the next use a file that differs from what
// was last written is an edit: parsed and recorded. What was last written is known in memory. After
// a restart it is one of the last texts that changes recorded in their own transactions, so a crash
// between commit and file is no edit. A file with a mistake changes nothing and is named in the
// error; a missing file is no edit. ENV is written only where it exists: secrets are not spread for
// nothing. Files are reached beneath home_dir only, never through a link (openat2), since whoever
// has a key may have made them. Threads: any; one at a time inside, also while an edit is recorded.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "server/model/instance.h"
#include "server/store/apps.h"

namespace dokku::server {

// Where an app's certificate is looked for, below its folder in home_dir.
inline constexpr const char* kTlsFolder = "tls";

// Call in every transaction that changes domains, config or the shown host of `app`.
Result<> record_mirror(WriteTx& tx, AppId app);

class Mirror {
 public:
  Mirror(const Instance& instance, Store& store, const Clock& clock)
      : instance_(instance), store_(store), clock_(clock) {}

  // Takes up edits. Costs some stat calls when nothing changed.
  Result<> take_up_global();
  // True: domains or certificate changed, the routes must follow.
  Result<bool> take_up(const App& app);
  // Writes what the store says. Failures are logged, not returned: the store is the truth.
  void write_global();
  // Whether there is an app of that name is asked again: callers come in any order.
  void write(const App& app);
  void remove(const AppName& app);
  // The app's folder has moved with all that is in it; now it is written anew.
  void renamed(const AppName& from, const App& app);

 private:
  struct Known {
    std::string identity;  // beneath.h; empty: look again
    std::string digest;    // of the text that is no edit
  };
  // The calls below are made under the mutex.
  // Text that is an edit; empty: none.
  std::string edited_text(AppId app, const std::string& path, const std::string& file);
  bool recorded(AppId app, const std::string& file, const std::string& digest);
  Result<bool> take_up_env(const App& app);
  Result<bool> take_up_vhost(AppId app, const std::string& folder);
  // Of a pair that is not whole yet: false.
  Result<bool> take_up_tls(const App& app);
  Result<> take_up_hostname();
  void follow(const AppName& name);
  void clear(const AppName& app);
  void write_file(const std::string& folder, const std::string& file, const std::string& text,
                  bool only_if_there);

  const Instance& instance_;
  Store& store_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Known> known_;  // by path
};

}  // namespace dokku::server
