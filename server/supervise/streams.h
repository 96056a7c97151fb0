// The FIFOs through which a one-off process and a client of ours talk.
//
// containerd's shim opens them by name, we open our ends first (else its Create blocks), and the
// names are removed as soon as the process runs: what is open stays open, nothing is left over.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "runtime/api/containers.h"
#include "server/supervise/executor.h"

namespace dokku::server {

class StreamFifos {
 public:
  struct Wanted {
    bool input = true;
    bool terminal = false;
  };
  // `directory` is made, with in, out and (without a terminal) err in it.
  static Result<StreamFifos> create(const std::filesystem::path& directory, Wanted wanted);
  StreamFifos(StreamFifos&&) = default;
  ~StreamFifos();  // removes the directory

  const runtime::Stdio& stdio() const { return stdio_; }
  // Our ends, blocking. Once, after the process was started.
  Streams take();

 private:
  explicit StreamFifos(std::filesystem::path directory) : directory_(std::move(directory)) {}
  Result<> make(const char* name, std::filesystem::path& path);

  std::filesystem::path directory_;
  runtime::Stdio stdio_;
  Streams ours_;
  UniqueFd hold_;  // keeps `in` open for reading until the shim does
};

// A process other than containerd's shims has a FIFO open that was made in `directory` (also after
// its name was removed): a client that outlived a daemon. Looks through /proc.
bool has_reader_left(const std::filesystem::path& directory);

}  // namespace dokku::server
