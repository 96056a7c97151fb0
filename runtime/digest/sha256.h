// SHA-256, in pieces or of a whole file.
//
// The digest of every blob, layer and source tree goes through here (OCI image-spec descriptor.md).
// Threads: one Sha256 belongs to one thread at a time.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace dokku::runtime {

// A digest in the making.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();

  Sha256& update(std::string_view bytes);
  // "sha256:" and 64 lower-case hex digits. The object is used up: only destruction may follow.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// "sha256:…" of the bytes.
std::string sha256_of(std::string_view bytes);

// "sha256:…" of the file's content. not_found: no such file.
Result<std::string> sha256_of_file(const std::filesystem::path& path);

}  // namespace dokku::runtime
