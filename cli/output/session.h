// Session: what a running command may do with the person (or script) who typed it.
//
// One per command, made by cli/session for a client on the socket and by tests/fakes in memory.
// Threads: the job thread that runs the command; `cancel` is set from the socket's thread when the
// client sends an interrupt or is gone. Writing blocks while the client does not read; after the
// client is gone it does nothing.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace dokku::cli {

// Who calls, as the kernel (peer uid) and the forced command (key id) say: docs/architecture.md,
// Trust.
struct Caller {
  enum class Kind { admin, key, nobody };
  Kind kind = Kind::nobody;
  std::string key_id;     // fingerprint carried by the forced command; looked up in the store
  std::string unix_user;  // SUDO_USER or the peer's name, for the audit log
};

struct TerminalInfo {
  bool stdin_is_terminal = false;
  bool stdout_is_terminal = false;
  unsigned columns = 80;
  unsigned rows = 24;
  std::string term;  // TERM
};

// A process's streams, handed to the client, which copies them itself: bulk does not pass the
// daemon. The client ends when `out` and `err` are at end of file and the exit status was sent.
// The functions live until the client has hung up: what they own (the process) is kept that long.
struct Attachment {
  UniqueFd in, out, err;  // in: written by the client; invalid: none
  bool terminal = false;  // the client puts its own terminal in raw mode meanwhile
  std::function<void(unsigned columns, unsigned rows)> on_resize;
  std::function<void(int signal)> on_signal;  // without a terminal: INT, TERM, HUP of the client
  std::function<void()> on_stdin_closed;
  std::function<void()> on_gone;  // the client is gone for good
  // A (hidden) command that a client types when the daemon dies while it copies: it takes the
  // process over and tells its end.
  std::vector<std::string> resume;
};

// A program that the client turns into, with the client's own rights (git after a yes to a push).
struct Program {
  std::vector<std::string> argv;         // argv[0]: absolute path
  std::vector<std::string> environment;  // "K=V", added to the client's own
};

// Ends a session: the exit status, and what the person's standard error gets before it.
using Finish = std::function<void(int status, std::string_view last_words)>;

class Session {
 public:
  virtual ~Session() = default;

  virtual const Caller& caller() const = 0;
  virtual const TerminalInfo& terminal() const = 0;
  // The client's environment, only names beginning with DOKKU_, GIT_PUSH_OPTION, and TERM,
  // NO_COLOR, LANG, SSH_CONNECTION.
  virtual const std::map<std::string, std::string>& environment() const = 0;

  virtual void out(std::string_view bytes) = 0;
  virtual void err(std::string_view bytes) = 0;
  // Reads the client's standard input to its end. limit_exceeded, cancelled.
  virtual Result<std::string> read_stdin(std::size_t bytes_max) = 0;
  // One line typed by the person after `prompt` (written to stderr). cancelled at end of file.
  virtual Result<std::string> ask(std::string_view prompt) = 0;
  // As `ask`, and what is typed is not shown.
  virtual Result<std::string> ask_secret(std::string_view prompt) = 0;
  // Opens a file that the caller named, with the caller's rights (the client opens it). Empty: the
  // client's own standard input, for what is too much for read_stdin. May be non-blocking.
  virtual Result<UniqueFd> open_callers_file(const std::string& path) = 0;
  // Makes a file (0600) where the caller says, with the caller's rights; the client removes it when
  // the command fails. Empty: the client's own standard output. invalid_argument: it is there
  // already, or cannot be made.
  virtual Result<UniqueFd> create_callers_file(const std::string& path) = 0;
  // Further descriptors that the client passed with its call (dokku-receive's tar).
  virtual std::vector<UniqueFd> take_descriptors() = 0;
  // Hands the streams over. The callbacks come one at a time, from other threads. The command then
  // either blocks until the process's end and returns its status, or uses `finish_later`.
  virtual Result<> attach(Attachment attachment) = 0;
  // The handler's return value no longer counts: the session goes on, holding no thread, until the
  // returned function is called, once, from any thread. It outlives Session.
  virtual Finish finish_later() = 0;
  // The client becomes this program; nothing can be said to it afterwards.
  virtual Result<> become(Program program) = 0;

  virtual const CancelToken& cancel() const = 0;
};

}  // namespace dokku::cli
