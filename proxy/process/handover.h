// Handover: a running proxy passes its sockets to a newer program and lets it serve.
//
//   old parent                          new parent (the program as it is on disk now)
//   starts it, sends every socket  ──>  takes them, starts workers from the snapshot
//   drains, patiently              <──  ready, once every worker serves the whole table
//   relays to its workers          <──  changes and drain watches, until the last has ended
//
// Both accept between `ready` and the old one's farewell, and no socket is ever closed on the way:
// no connection is refused or reset. A program that ends, or is not ready in time, changes nothing.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/process.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "proxy/net/loop.h"
#include "proxy/process/channel.h"

namespace dokku::proxy::process {

// What a proxy was started with: an upgrade starts the same again.
struct Invocation {
  std::string program;  // absolute
  std::vector<std::string> arguments;
};

inline constexpr const char* kTakeOverFlag = "--take-over";
inline constexpr int kHandoverFd = 3;

// The other parent, on either side: a channel on the loop.
class OtherParent {
 public:
  class Owner {
   public:
    virtual void on_other_parent(OtherParent& who, Message message) = 0;
    // Its end of the channel has gone, or the program that was to take over has ended.
    virtual void on_other_parent_gone(OtherParent& who, const std::string& why) = 0;

   protected:
    ~Owner() = default;
  };

  // Starts the program; the caller then sends what it hands over.
  static Result<std::unique_ptr<OtherParent>> start(net::Loop& loop, Owner& owner,
                                                    const Invocation& invocation);
  // In the program that takes over: the parent that started it.
  static Result<std::unique_ptr<OtherParent>> connect(net::Loop& loop, Owner& owner,
                                                      Channel channel);
  ~OtherParent();

  void send(Message message);
  // The started program stands on its own feet: it is no longer killed with us.
  void let_go();

 private:
  class Ears;
  OtherParent(net::Loop& loop, Owner& owner, Channel channel);
  Result<> watch();
  void on_channel();
  void on_exit();

  net::Loop& loop_;
  Owner& owner_;
  Channel channel_;
  std::optional<Process> process_;
  std::unique_ptr<Ears> channel_ears_;
  std::unique_ptr<Ears> exit_ears_;
};

// Waits (blocking) for the next message of a handover. timed_out, unavailable.
Result<Message> await_message(Channel& channel);

}  // namespace dokku::proxy::process
