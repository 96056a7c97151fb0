// Writes a tar, in the format of GNU tar: names are bytes, stored as they are, of any length.
//
// For the layers of images and for what a push hands to the daemon. Same entries, same bytes:
// nothing is taken from the clock or the host. libarchive, which reads the tars of strangers, is
// for the worker alone: it and what it brings along would cost the daemon megabytes.
// Source: GNU tar manual, "Basic Tar Format" and "GNU Extensions to the Archive Format".
// Threads: one at a time.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace dokku::buildstep {

struct TarEntry {
  std::string path;              // of a folder with or without a slash at its end
  mode_t mode = S_IFREG | 0644;  // S_IFREG, S_IFDIR or S_IFLNK, and permissions
  uid_t uid = 0;
  gid_t gid = 0;
  std::int64_t time = 0;   // seconds since 1970
  std::uint64_t size = 0;  // of a file; its data must follow
  std::string link;        // where a symbolic link leads
  std::string twin;        // not empty: a hard link to this earlier entry, without data
};

class TarWriter {
 public:
  // Gets the bytes in pieces of some hundred kB; its error is that of the call.
  using Sink = std::function<Result<>(std::string_view)>;
  explicit TarWriter(Sink sink);

  Result<> add(const TarEntry& entry);
  // Some of the data of the last entry; in all exactly as much as its size said.
  Result<> data(std::string_view bytes);
  // The end of the tar. Nothing may follow.
  Result<> finish();

 private:
  Result<> add_long(char kind, const std::string& text);
  Result<> end_of_data();
  Result<> put(std::string_view bytes);
  Result<> flush();

  Sink sink_;
  std::string buffer_;
  std::uint64_t left_ = 0;     // of the data of the last entry
  std::uint64_t written_ = 0;  // of it
};

}  // namespace dokku::buildstep
