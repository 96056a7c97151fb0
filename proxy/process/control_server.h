// The control socket's server side: frames in, frames out, for root and the proxy's own user only.
//
// Runs on the parent's loop. One request of a connection is under way at a time; others of the same
// connection wait. What a request means is the handler's business.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "proxy/control/messages.h"
#include "proxy/net/loop.h"
#include "proxy/net/stream.h"

namespace dokku::proxy::process {

class ControlServer final : public net::Watcher {
 public:
  class Handler {
   public:
    // Answer with ControlServer::reply, now or later.
    virtual void on_request(std::uint64_t connection, ControlRequest request) = 0;
    // The asker has gone; nobody waits for an answer any more.
    virtual void on_gone(std::uint64_t connection) = 0;

   protected:
    ~Handler() = default;
  };

  // Binds `path` (0600), replacing a socket that nobody serves. Connections wait until serve().
  // conflict: another proxy answers there.
  static Result<std::unique_ptr<ControlServer>> create(net::Loop& loop,
                                                       const std::filesystem::path& path);
  // The same for a socket that another process of ours has bound to `path`.
  static std::unique_ptr<ControlServer> adopt(net::Loop& loop, const std::filesystem::path& path,
                                              UniqueFd socket);
  ~ControlServer() override;
  Result<> serve(Handler& handler);
  // Another process serves `path` from now on. Whoever waits for an answer here still gets it, all
  // others are hung up on and will ask there.
  void let_go();
  int fd() const { return socket_.get(); }
  void reply(std::uint64_t connection, const ControlReply& reply);
  void hang_up(std::uint64_t connection);

  void on_events(std::uint32_t events) override;

 private:
  class Connection;

  ControlServer(net::Loop& loop, std::filesystem::path path, UniqueFd socket);

  net::Loop& loop_;
  std::filesystem::path path_;
  UniqueFd socket_;
  std::vector<unsigned> allowed_;  // uids
  Handler* handler_ = nullptr;
  bool let_go_ = false;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, std::unique_ptr<Connection>> connections_;
};

}  // namespace dokku::proxy::process
