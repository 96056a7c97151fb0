// Connection: one client on the command socket, seen from the daemon.
//
// Made by Server. The epoll thread calls on_readable, on_writable and hang_up; the job thread that
// runs the client's command calls the rest through SocketSession. Output waits in a bounded queue:
// a job blocks while its client does not read, and goes on as if written once the client is gone.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "cli/output/session.h"
#include "cli/session/job_pool.h"
#include "cli/wire/frame.h"
#include "cli/wire/messages.h"

namespace dokku::cli {

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  // What the epoll thread has to do about the socket.
  enum class Next { keep, close };

  // `write_wanted` is called (from any thread, under the connection's lock) when bytes wait that
  // the socket did not take; `callbacks` runs an attachment's callbacks. Both outlive this.
  Connection(UniqueFd socket, CancelToken cancel, JobPool& callbacks,
             std::function<void(int fd, bool wanted)> write_wanted);

  int fd() const { return socket_.get(); }
  const CancelToken& cancel() const { return cancel_; }

  // --- epoll thread ---
  // Reads what is there. `on_call` is called once, with the client's call.
  Next on_readable(const std::function<void(wire::Call)>& on_call);
  Next on_writable();
  // The client is gone: whoever waits is woken, the command is cancelled.
  void hang_up();
  // The daemon stops: the command is cancelled, an attached process is left alone.
  void stop();

  // --- job threads ---
  void write(wire::FrameType type, std::string_view bytes);
  Result<> send(wire::FrameType type, std::string_view payload, std::vector<UniqueFd> fds = {});
  // The last frame; then the socket ends. Later calls do nothing. What an attachment's functions
  // own lives until the client has hung up, so that the last output is not cut off.
  void finish(int status);
  Result<std::string> read_input(std::size_t bytes_max);
  // `type`: ask or ask_secret.
  Result<std::string> ask(wire::FrameType type, std::string_view prompt);
  // `type`: open or create.
  Result<UniqueFd> open(wire::FrameType type, const std::string& path);
  std::vector<UniqueFd> take_call_descriptors();
  Result<> attach(Attachment attachment);
  Result<> become(const Program& program);
  void set_finishes_later();
  bool finishes_later();

 private:
  struct Outgoing {
    std::string bytes;
    std::vector<UniqueFd> fds;
  };

  Result<> receive_frames(const std::function<void(wire::Call)>& on_call);
  Result<> handle(wire::Frame frame, const std::function<void(wire::Call)>& on_call);
  Result<> handle_call(wire::Frame frame, const std::function<void(wire::Call)>& on_call);
  Result<> handle_input(std::string bytes);
  Result<> handle_input_end();
  Result<> handle_signal(int number);
  void refuse(const std::string& why);
  void tell_older_client(std::uint16_t version);
  void enqueue(Outgoing outgoing);            // needs mutex_
  void flush();                               // needs mutex_
  void call_back(std::function<void()> job);  // needs mutex_
  void let_go_of_attachment();                // needs mutex_
  void run_callbacks();
  Result<> wait_for_client(std::unique_lock<std::mutex>& lock, const std::function<bool()>& there);

  // Set once.
  UniqueFd socket_;
  CancelToken cancel_;
  JobPool& callback_pool_;
  std::function<void(int, bool)> write_wanted_;

  // Epoll thread only.
  wire::FrameReader reader_{wire::From::client};
  std::deque<UniqueFd> received_fds_;
  bool called_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  // All below: under mutex_.
  std::deque<Outgoing> outgoing_;
  std::size_t outgoing_bytes_ = 0;
  std::size_t sent_of_front_ = 0;
  bool waits_for_socket_ = false;
  bool gone_ = false;
  bool finished_ = false;
  bool finishes_later_ = false;
  std::vector<UniqueFd> call_fds_;
  std::string input_;
  std::size_t input_max_ = 0;
  bool input_wanted_ = false;
  bool input_ended_ = false;
  bool input_too_long_ = false;
  std::optional<wire::Answer> answer_;
  std::optional<Result<UniqueFd>> opened_;
  std::optional<Attachment> attachment_;  // only its callbacks
  std::deque<std::function<void()>> callbacks_;
  bool callbacks_run_ = false;
};

}  // namespace dokku::cli
