// Upgrade: how one version of all programs takes the place of another, and how it comes back.
//
//   check ─> link ─> dokkud ─> proxy ─> trial ─> supervisor ─> done
//               any failure from here on: link back, supervisor, dokkud, proxy ─> undone
//
// The decisions, without a process or a clock of their own: what is done to the machine is
// UpgradeWorld's (upgrade_world.h on a real one). Each deed may be repeated, so an upgrade that was
// killed is gone on with by whoever reads its record. Why this order: docs/decisions/0012.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "server/model/upgrade_record.h"

namespace dokku::server {

// What runs all the time. The supervisor is missing where systemd has its place.
enum class Part { dokkud, proxy, supervisor };
const char* program_of(Part part);  // "dokku-proxy"

class UpgradeWorld {
 public:
  struct Sight {
    pid_t pid = 0;  // the last that was noted; 0: none
    bool runs = false;
    std::string version;  // of the program that it executes; empty: another one
  };

  virtual ~UpgradeWorld() = default;
  // Before anything is changed: are the programs whole, do they start, does the proxy serve beside
  // the running one?
  virtual Result<> check(const std::string& version) = 0;
  virtual Result<> note(const UpgradeRecord& record) = 0;
  virtual Result<> lead_to(const std::string& version) = 0;
  virtual bool has(Part part) = 0;
  virtual Sight look(Part part) = 0;
  // Whoever keeps the daemons running then starts what the link leads to; the supervisor does it
  // itself.
  virtual void ask_to_give_way(Part part) = 0;
  // The running proxy starts what the link leads to and gives it its sockets. Returns when that
  // serves; an error: the old one serves on.
  virtual Result<> hand_over_proxy() = 0;
  virtual void kill(Part part) = 0;
  virtual Result<> start_supervisor() = 0;
  // Of the dokkud with this process id: does it answer on the socket, and do the store, containerd
  // and the proxy answer it?
  virtual Result<> probe(const std::string& version, pid_t dokkud) = 0;
  virtual Result<> probe_proxy() = 0;
  virtual Result<> probe_supervisor() = 0;
  // What it said about its end; empty: nothing.
  virtual std::string last_words(Part part) = 0;
  // What the way back of the database cost; empty: nothing.
  virtual std::string cost() = 0;
  virtual void tell(const std::string& line) = 0;
  virtual void pause(Duration time) = 0;
};

class Upgrade {
 public:
  struct Limits {
    Duration stop = std::chrono::seconds(13);    // for the old dokkud's commands to end
    Duration answer = std::chrono::seconds(15);  // for the new dokkud
    Duration noted = std::chrono::seconds(5);    // for the new proxy, until it is seen
    Duration trial = std::chrono::seconds(8);    // both must stay that long
    Duration exec = std::chrono::seconds(5);     // for the new supervisor
    Duration settled = std::chrono::seconds(2);  // it must stay that long
    Duration back = std::chrono::seconds(40);    // for the old dokkud to be back
  };

  Upgrade(UpgradeWorld& world, const Clock& clock, Limits limits)
      : world_(world), clock_(clock), limits_(limits) {}

  // A record that is under way: a new one, or that of an upgrade that was killed. The record of how
  // it ended; an error: nothing was changed, or not even that could be noted.
  Result<UpgradeRecord> run(UpgradeRecord record);

 private:
  Result<> forward(const UpgradeRecord& record);
  Result<> back(const UpgradeRecord& record);
  Result<> end(UpgradeRecord& record, UpgradeRecord::State state);
  Result<> stop_dokkud(const std::string& version);
  Result<pid_t> await_dokkud(const std::string& version);
  Result<pid_t> await_dokkud_again(const std::string& version);
  Result<> hand_over_proxy(const std::string& version, bool by_force);
  Result<> watch(const std::string& version, pid_t dokkud);
  Result<> replace_supervisor(const std::string& version);
  void bring_supervisor_back(const UpgradeRecord& record);
  Fail ended(const std::string& version, Part part, TimePoint begun);

  UpgradeWorld& world_;
  const Clock& clock_;
  const Limits limits_;
  pid_t stopped_ = 0;  // the dokkud that gave way
};

}  // namespace dokku::server
