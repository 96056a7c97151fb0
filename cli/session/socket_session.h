// SocketSession: a Session for a client on the command socket.
//
// Lives on the job thread for one command; the connection may outlive it (finish_later).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/output/session.h"
#include "cli/session/connection.h"

namespace dokku::cli {

class SocketSession : public Session {
 public:
  SocketSession(std::shared_ptr<Connection> connection, Caller caller, const wire::Call& call);

  const Caller& caller() const override { return caller_; }
  const TerminalInfo& terminal() const override { return terminal_; }
  const std::map<std::string, std::string>& environment() const override { return environment_; }
  void out(std::string_view bytes) override;
  void err(std::string_view bytes) override;
  Result<std::string> read_stdin(std::size_t bytes_max) override;
  Result<std::string> ask(std::string_view prompt) override;
  Result<std::string> ask_secret(std::string_view prompt) override;
  Result<UniqueFd> open_callers_file(const std::string& path) override;
  Result<UniqueFd> create_callers_file(const std::string& path) override;
  std::vector<UniqueFd> take_descriptors() override;
  Result<> attach(Attachment attachment) override;
  Finish finish_later() override;
  Result<> become(Program program) override;
  const CancelToken& cancel() const override { return connection_->cancel(); }

 private:
  std::shared_ptr<Connection> connection_;
  Caller caller_;
  TerminalInfo terminal_;
  std::map<std::string, std::string> environment_;
};

}  // namespace dokku::cli
