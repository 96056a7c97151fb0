// RemoteLines: output for a person at the other end of `git push`.
//
// git puts `remote: ` before each line of a hook. As in Dokku, a line that begins with "go to
// column one and erase" overwrites it on a terminal, so that markers stand where they do elsewhere.
// All goes to standard error: git does not part the two. Threads: one.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace dokku::cli {

class RemoteLines {
 public:
  // For ExchangeOptions::print.
  Result<> operator()(int fd, std::string_view bytes);
  // What is written for `bytes` that follow what was given before.
  std::string mark(std::string_view bytes);

 private:
  bool line_begins_ = true;
};

}  // namespace dokku::cli
