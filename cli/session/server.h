// Server: the command socket. Accepts clients, runs what they call, carries frames both ways.
//
// One epoll thread (the caller of `serve`) for all sockets; commands run on two bounded pools of
// threads: short ones, and those that may take minutes. Who a client is, is what the kernel says:
// uid 0 is admin, the ssh user is the key that its forced command names, all others are nobody.
// Errors of create: already_exists (another daemon answers on the socket), internal.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "cli/output/session.h"
#include "cli/session/connection.h"
#include "cli/session/job_pool.h"

namespace dokku::cli {

// What is done with a call. Threads: both functions from several at once.
struct Dispatch {
  // May take minutes: gets a thread of the large pool.
  std::function<bool(const std::vector<std::string>& argv)> is_long;
  // The exit status.
  std::function<int(Session& session, const std::vector<std::string>& argv)> run;
};

struct ServerOptions {
  std::filesystem::path socket;
  std::optional<gid_t> group;  // 0660 root:group; none: 0600
  // The ssh user, whose calls carry a key id.
  std::optional<uid_t> key_user;
  std::size_t connections_max = 1024;
  JobPool::Limits short_jobs{8, 512, std::chrono::seconds(10)};
  JobPool::Limits long_jobs{256, 256, std::chrono::seconds(10)};
};

class Server {
 public:
  static Result<std::unique_ptr<Server>> create(ServerOptions options, Dispatch dispatch);
  // Waits for running commands, without limit.
  ~Server();

  // Until `stop`; then no client is accepted, commands are cancelled (attached processes are left
  // alone) and awaited for at most `grace`. false: some command still runs.
  Result<bool> serve(const CancelToken& stop, Duration grace);

 private:
  Server(ServerOptions options, Dispatch dispatch, UniqueFd listener, UniqueFd epoll);

  Result<> watch(int fd, unsigned events, int operation);
  Result<> accept_clients();
  Result<> adopt(UniqueFd socket);
  void handle(int fd, unsigned events);
  void forget(int fd);
  void start_call(const std::shared_ptr<Connection>& connection, Caller caller, wire::Call call);
  Caller caller_of(int socket) const;

  ServerOptions options_;
  Dispatch dispatch_;
  UniqueFd listener_;
  UniqueFd epoll_;
  JobPool short_jobs_;
  JobPool long_jobs_;
  // Epoll thread only.
  struct Client {
    std::shared_ptr<Connection> connection;
    Caller caller;
  };
  std::map<int, Client> clients_;
};

}  // namespace dokku::cli
