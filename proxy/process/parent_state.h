// Parent: the state of the parent process, and what changes it. Private to this folder.
//
// parent.cc: its life, and its workers'. parent_changes.cc: requests from the control socket, and
// what waits for the workers' answers. parent_secrets.cc: certificates and ticket keys.
// parent_upgrade.cc: passing the sockets to a newer program.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "proxy/control/messages.h"
#include "proxy/control/traffic.h"
#include "proxy/net/loop.h"
#include "proxy/process/control_server.h"
#include "proxy/process/handover.h"
#include "proxy/process/key_store.h"
#include "proxy/process/listeners.h"
#include "proxy/process/log_files.h"
#include "proxy/process/parent.h"
#include "proxy/process/pid_file.h"
#include "proxy/process/snapshot.h"
#include "proxy/process/worker_slot.h"
#include "proxy/route/table.h"
#include "proxy/tls/tickets.h"

namespace dokku::proxy::process {

class Parent;

// Something that all workers must confirm before one asker gets its answer.
struct Pending final : net::Timer {
  // birth: a worker's first table. relay: a drain that the parent which took over asks about.
  enum class Kind { birth, change, drain, relay, traffic };
  Pending(Parent& parent, Kind the_kind, std::uint64_t asker)
      : owner(parent), kind(the_kind), connection(asker) {}
  void on_timer() override;

  Parent& owner;
  Kind kind;
  std::uint64_t sequence = 0;
  std::uint64_t connection;     // 0: nobody
  std::uint64_t asked_for = 0;  // relay: the asker's sequence
  std::size_t slot = 0;         // birth
  std::set<std::size_t> waiting;
  std::vector<std::uint16_t> ports_to_close;
  ProxyTraffic traffic;  // summed up so far
};

class CallLater final : public net::Timer {
 public:
  explicit CallLater(std::function<void()> what) : what_(std::move(what)) {}
  void on_timer() override { what_(); }

 private:
  std::function<void()> what_;
};

class Parent final : public net::Watcher,
                     private net::Timer,
                     private ControlServer::Handler,
                     private WorkerSlot::Owner,
                     private OtherParent::Owner {
 public:
  Parent(net::Loop& loop, const ParentOptions& options)
      : loop_(loop),
        options_(options),
        listeners_(options.addresses, options.workers),
        snapshot_(options.snapshot),
        keys_(options.snapshot.empty() ? "" : options.snapshot.parent_path() / "certs"),
        rotate_tickets_([this] { rotate_tickets(); }),
        logs_(options.log_dir, options.access_log),
        save_later_([this] { save_now(); }),
        upgrade_limit_([this] { upgrade_failed("it was not ready in time"); }) {}

  Result<> start();
  Result<> end();
  void on_events(std::uint32_t) override;  // signals
  void on_late(Pending& pending);

 private:
  static constexpr std::size_t kPredecessor = SIZE_MAX;  // among the slots that Pending waits for

  // ControlServer::Handler
  void on_request(std::uint64_t connection, ControlRequest request) override;
  void on_gone(std::uint64_t connection) override;
  // WorkerSlot::Owner
  void on_message(std::size_t slot, Message message) override;
  void on_death(std::size_t slot, const ExitStatus& status) override;
  // OtherParent::Owner
  void on_other_parent(OtherParent& who, Message message) override;
  void on_other_parent_gone(OtherParent& who, const std::string& why) override;
  void on_timer() override;

  Result<> watch_signals();
  Result<> open_own_ports();
  bool is_own(std::uint16_t port) const {
    return port == options_.http_port || port == options_.https_port;
  }
  void load_snapshot();
  Result<> load_hosts();
  void start_worker(std::size_t slot);
  std::string packed_table() const;
  Result<> change(const ControlRequest& request, std::uint64_t connection);
  std::optional<std::vector<Group>> changed_groups(const std::vector<Group>& wanted) const;
  Result<> change_table(const ControlRequest& request);
  Result<std::vector<std::uint16_t>> open_ports(const std::vector<Group>& groups, bool all_or_none);
  std::vector<std::uint16_t> unused_ports() const;
  Pending& expect(Pending::Kind kind, std::uint64_t connection);
  void broadcast(MessageKind kind, std::uint64_t sequence, const std::string& payload);
  void broadcast_to_all(MessageKind kind, std::uint64_t sequence, const std::string& payload);
  void send_listeners(std::size_t slot, std::uint16_t port);
  void take_lines(const Message& message);
  void take_report(const Message& message);
  void confirmed(std::uint64_t sequence, std::size_t slot);
  void complete(std::uint64_t sequence);
  bool none_alive() const;
  void drain();
  void quit();
  void end_when_all_have_ended();
  void serve_when_ready();
  void save_soon();
  void save_now();
  // parent_secrets.cc
  Result<> start_tls();
  Result<> read_default_certificate();
  void send_secrets(std::size_t slot);
  void rotate_tickets();
  void take_tickets(const std::string& payload);
  Result<> admit_certificates(const ControlRequest& request);
  void sweep_certificates();
  std::vector<std::string> named_before(const ControlRequest& request) const;
  // parent_upgrade.cc
  void upgrade(std::uint64_t connection);
  Result<> start_successor();
  void upgrade_failed(const std::string& why);
  Result<> take_over();
  void retire();
  void relay(Message message);

  net::Loop& loop_;
  const ParentOptions& options_;
  Listeners listeners_;
  route::RouteTable table_;
  Snapshot snapshot_;
  KeyStore keys_;
  std::optional<Certificate> default_certificate_;
  std::optional<tls::TicketKeys> tickets_;
  CallLater rotate_tickets_;
  LogFiles logs_;
  std::unique_ptr<ControlServer> control_;
  PidFile pid_file_;
  std::vector<std::unique_ptr<WorkerSlot>> workers_;
  std::set<std::size_t> unborn_;  // have no table yet, and no listener
  std::map<std::uint64_t, std::unique_ptr<Pending>> pending_;
  std::uint64_t sequence_ = 0;
  std::set<std::size_t> to_restart_;
  UniqueFd signals_;
  CallLater save_later_;
  TimePoint saved_at_{};
  // An upgrade: the program that is to take over, and the one that we took over from.
  std::unique_ptr<OtherParent> successor_;
  std::unique_ptr<OtherParent> predecessor_;
  CallLater upgrade_limit_;
  std::uint64_t upgrade_asker_ = 0;
  std::vector<std::pair<std::uint64_t, ControlRequest>> deferred_;
  bool retired_ = false;  // the successor serves
  bool serving_ = false;
  bool ending_ = false;
};

}  // namespace dokku::proxy::process
