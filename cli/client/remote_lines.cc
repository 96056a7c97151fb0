#include "cli/client/remote_lines.h"

#include <unistd.h>

#include "base/io.h"

namespace dokku::cli {

Result<> RemoteLines::operator()(int /*fd*/, std::string_view bytes) {
  return write_all(STDERR_FILENO, mark(bytes));
}

std::string RemoteLines::mark(std::string_view bytes) {
  std::string marked;
  for (const char c : bytes) {
    if (line_begins_) marked += "\033[1G\033[K";
    marked += c;
    line_begins_ = c == '\n';
  }
  return marked;
}

}  // namespace dokku::cli
