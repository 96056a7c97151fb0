// Acceptor: takes connections from one listening socket.
//
// Above Context::clients_max, and out of descriptors (with a spare one), it answers 503 and closes:
// connections that exist live on, and it never spins on EMFILE.
#pragma once

#include <memory>

#include "base/result.h"
#include "base/unique_fd.h"
#include "proxy/net/loop.h"
#include "proxy/session/client.h"
#include "proxy/session/context.h"

namespace dokku::proxy::session {

class Acceptor final : public net::Watcher {
 public:
  // `listener` is a listening, non-blocking socket; `own`: of one of the proxy's own ports.
  struct Kind {
    bool own = false;
    bool tls = false;
  };
  static Result<std::unique_ptr<Acceptor>> create(Context& context, UniqueFd listener, Kind kind);
  ~Acceptor() override;
  // Takes what has already arrived, whatever the budget; before the listener is closed.
  void take_all();

  void on_events(std::uint32_t events) override;
  void on_again() override { on_events(0); }

 private:
  Acceptor(Context& context, UniqueFd listener, std::shared_ptr<const ListenerInfo> info)
      : context_(context), listener_(std::move(listener)), info_(std::move(info)) {}
  bool take_one();
  bool turn_away();

  Context& context_;
  UniqueFd listener_;
  std::shared_ptr<const ListenerInfo> info_;
  UniqueFd spare_;
};

}  // namespace dokku::proxy::session
