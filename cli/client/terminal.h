// RawTerminal: the caller's terminal in raw mode, put back whatever happens.
//
// Put back by the destructor; and, when this program is killed, by a watcher: the same program with
// --restore-terminal, in a session of its own, which holds the old settings and waits for the end
// of a pipe. Threads: one.
#pragma once

#include <memory>

#include "base/process.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace dokku::cli {

struct TerminalSize {
  unsigned columns = 80;
  unsigned rows = 24;
};

// Of the first of the descriptors 1, 0, 2 that is a terminal.
TerminalSize terminal_size();

class RawTerminal {
 public:
  // `fd` is a terminal and stays open. A program that cannot start its watcher goes on without.
  static Result<std::unique_ptr<RawTerminal>> enter(int fd);
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

  // While this program is stopped (SIGTSTP) the shell needs its own settings.
  void suspend();
  void resume();

 private:
  struct Settings;
  explicit RawTerminal(int fd);
  void start_watcher();

  int fd_;
  std::unique_ptr<Settings> saved_;
  UniqueFd leash_;  // the watcher's pipe
};

// While it lives a terminal does not show what is typed. On what is no terminal it does nothing.
class NoEcho {
 public:
  explicit NoEcho(int fd);
  ~NoEcho();
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;

 private:
  int fd_;
  bool changed_ = false;
};

// What the watcher does: reads settings from descriptor 3, waits, restores descriptor 0's terminal
// unless told that all went well. The exit status.
int restore_terminal_main();

}  // namespace dokku::cli
