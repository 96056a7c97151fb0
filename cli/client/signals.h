// Signals: read from a descriptor instead of interrupting. One owner per process.
//
// SIGPIPE is ignored meanwhile: a reader that went away is an error of write. Threads: the main
// one.
#pragma once

#include <signal.h>

#include <initializer_list>
#include <optional>

#include "base/result.h"
#include "base/unique_fd.h"

namespace dokku::cli {

class Signals {
 public:
  static Result<Signals> block(std::initializer_list<int> numbers);
  Signals(Signals&&) = default;
  ~Signals() { restore(); }

  int fd() const { return fd_.get(); }
  // The next one that came; none: nothing came.
  std::optional<int> take();
  // One more.
  void add(int number);
  // As before `block`, for a program that we become.
  void restore();

 private:
  Signals() = default;

  UniqueFd fd_;
  sigset_t blocked_{};
  sigset_t before_{};
};

}  // namespace dokku::cli
