#include "cli/session/socket_session.h"

#include <utility>

namespace dokku::cli {

SocketSession::SocketSession(std::shared_ptr<Connection> connection, Caller caller,
                             const wire::Call& call)
    : connection_(std::move(connection)),
      caller_(std::move(caller)),
      environment_(call.environment) {
  terminal_.stdin_is_terminal = call.stdin_is_terminal;
  terminal_.stdout_is_terminal = call.stdout_is_terminal;
  terminal_.columns = call.columns;
  terminal_.rows = call.rows;
  const auto term = environment_.find("TERM");
  if (term != environment_.end()) terminal_.term = term->second;
}

void SocketSession::out(std::string_view bytes) { connection_->write(wire::FrameType::out, bytes); }

void SocketSession::err(std::string_view bytes) { connection_->write(wire::FrameType::err, bytes); }

Result<std::string> SocketSession::read_stdin(std::size_t bytes_max) {
  return connection_->read_input(bytes_max);
}

Result<std::string> SocketSession::ask(std::string_view prompt) {
  return connection_->ask(wire::FrameType::ask, prompt);
}

Result<std::string> SocketSession::ask_secret(std::string_view prompt) {
  return connection_->ask(wire::FrameType::ask_secret, prompt);
}

Result<UniqueFd> SocketSession::open_callers_file(const std::string& path) {
  return connection_->open(wire::FrameType::open, path);
}

Result<UniqueFd> SocketSession::create_callers_file(const std::string& path) {
  Result<UniqueFd> made = connection_->open(wire::FrameType::create, path);
  if (made || made.error().code() != Errc::not_found) return made;
  return fail(Errc::invalid_argument, made.error().message());
}

std::vector<UniqueFd> SocketSession::take_descriptors() {
  return connection_->take_call_descriptors();
}

Result<> SocketSession::attach(Attachment attachment) {
  return connection_->attach(std::move(attachment));
}

Finish SocketSession::finish_later() {
  connection_->set_finishes_later();
  return [connection = connection_](int status, std::string_view last_words) {
    if (!last_words.empty()) {  // a client that is gone needs none
      [[maybe_unused]] const auto sent = connection->send(wire::FrameType::err, last_words, {});
    }
    connection->finish(status);
  };
}

Result<> SocketSession::become(Program program) { return connection_->become(program); }

}  // namespace dokku::cli
