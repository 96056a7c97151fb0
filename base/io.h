// Whole reads and writes on descriptors, pipes, and small files.
//
// All restart on EINTR. Blocking: they are for job threads, never for an epoll loop.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace dokku {

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

// Both ends close on exec.
Result<Pipe> make_pipe();

Result<UniqueFd> open_file(const std::filesystem::path& path, int flags, unsigned mode = 0600);

// Writes all of `bytes`, or fails.
Result<> write_all(int fd, std::string_view bytes);

// One read of at most `size` bytes; 0 is end of file.
Result<std::size_t> read_some(int fd, char* into, std::size_t size);

// Reads to end of file. limit_exceeded: there were more than `bytes_max`.
Result<std::string> read_all(int fd, std::size_t bytes_max);

// not_found: no such file. limit_exceeded as above.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_max = 16 << 20);

}  // namespace dokku
