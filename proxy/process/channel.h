// Channel: messages between the parent and one worker (or the parents of an upgrade), over a socket
// pair that keeps their bounds.
//
// Small payloads travel in the message, large ones (a whole table) in a memory file that goes with
// it; descriptors (listening sockets) travel along. Sending never blocks: what does not fit waits
// in a queue. Both ends are our own program; parent and worker are of the same version (the parent
// executes the worker), two parents maybe not: the numbers of kinds never change.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace dokku::proxy::process {

enum class MessageKind : std::uint32_t {
  // Parent to worker. `sequence` is acknowledged where it is not 0.
  listen,       // payload: port, and "own", "tls" where it is; one listening socket
  unlisten,     // payload: the port
  replace_all,  // payload: groups as JSON
  put,          // payload: a list of one group
  remove,       // payload: key
  watch,        // payload: targets; answered by `drained` when they are idle
  unwatch,      // sequence of the watch
  drain,        // finish what is under way, then exit; payload: "patient" after an upgrade
  quit,         // exit
  // Worker to parent.
  acknowledge,  // payload: empty, or why it failed
  drained,
  // Parent to the parent that takes over (handover.h), and its answer.
  hand_listener,  // payload: "PORT ADDRESS-INDEX"; one listening socket
  hand_control,   // the control socket
  hand_pid_file,
  hand_end,
  ready,
  // Parent to worker: secrets, so never in a log line.
  certificate,          // payload: chain and key as JSON (messages.h)
  forget_certificate,   // payload: its id
  default_certificate,  // payload: its id
  tickets,              // payload: tls/tickets.h; also to the parent that takes over
  // Parent and worker, on logs and counters.
  log,         // to the worker: lines are welcome from now on
  log_access,  // from the worker; payload: the app, a newline, lines
  log_error,
  report,    // to the worker; payload: an app, or nothing; answered by …
  reported,  // … payload: traffic as JSON (proxy/control/traffic.h)
  // Parent to its worker: replace_all in the form that is read fastest.
  table,  // payload: proxy/control/packed.h
};

struct Message {
  MessageKind kind{};
  std::uint64_t sequence = 0;
  std::string payload;
  std::vector<UniqueFd> fds;
};

class Channel {
 public:
  explicit Channel(UniqueFd socket) : socket_(std::move(socket)) {}
  static Result<std::pair<UniqueFd, UniqueFd>> socket_pair();

  // Queues when the other side is slow. unavailable: it is gone.
  Result<> send(Message message);
  Result<> flush();
  // nullopt: nothing there now. unavailable: the other side has closed.
  Result<std::optional<Message>> receive();
  // Messages that wait for the other side.
  std::size_t queued() const { return queue_.size(); }
  int fd() const { return socket_.get(); }

 private:
  // False: the socket is full.
  Result<bool> send_now(const Message& message);

  UniqueFd socket_;
  std::deque<Message> queue_;
};

}  // namespace dokku::proxy::process
