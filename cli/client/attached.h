// Attached: the streams of a process in a container, copied by the client itself.
//
// The daemon only hands them over, so bulk never passes it, and a run outlives it. Used by
// Exchange. Threads: one.
#pragma once

#include <poll.h>

#include <memory>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "cli/client/pump.h"
#include "cli/client/terminal.h"
#include "cli/wire/messages.h"

namespace dokku::cli {

class Attached {
 public:
  // `typed_ahead`: read from standard input before. Puts a terminal in raw mode.
  Attached(const wire::Attach& message, std::vector<UniqueFd> streams,
           std::string_view typed_ahead);

  const std::vector<std::string>& resume() const { return resume_; }
  // A terminal of the process's that is shown on a terminal of the caller's.
  RawTerminal* raw_terminal() { return raw_.get(); }
  bool has_terminal() const { return terminal_; }

  void add_polls(std::vector<pollfd>& polls) const;
  // Copies what the polled descriptors are ready for. true: some bytes moved or some stream ended.
  bool step(const std::vector<pollfd>& polls);
  // Standard input ended and all of it was handed over. Once.
  bool take_input_closed();
  // The process has ended: no more input.
  void end_input();
  bool output_ended() const;
  // Nobody reads our standard output any more.
  bool output_refused() const;

 private:
  struct Stream {
    UniqueFd ours;  // of the process
    std::unique_ptr<Pump> pump;
  };

  std::vector<std::string> resume_;
  bool terminal_;
  bool input_closed_ = false;
  Stream in_, out_, err_;
  std::unique_ptr<RawTerminal> raw_;
};

}  // namespace dokku::cli
