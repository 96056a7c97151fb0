#include "runtime/containerd/cgroup.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "base/io.h"

namespace dokku::runtime {
namespace {

namespace fs = std::filesystem;

// Files of "key value" lines; 0 when the file or the key is not there.
unsigned long read_counter(const fs::path& file, const std::string& key) {
  const Result<std::string> text = read_file(file);
  if (!text) return 0;
  const std::size_t at = ("\n" + *text).find("\n" + key + " ");
  if (at == std::string::npos) return 0;
  return std::strtoul(text->c_str() + at + key.size() + 1, nullptr, 10);
}

// A cgroup directory is removed with rmdir although it has files, children first.
void remove_empty_tree(const fs::path& directory) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) {
    if (entry.is_directory(ignored) && !entry.is_symlink(ignored)) remove_empty_tree(entry.path());
  }
  ::rmdir(directory.c_str());
}

}  // namespace

Cgroups::Cgroups(std::string parent, fs::path mounts)
    : parent_(std::move(parent)), mounts_(std::move(mounts)) {
  std::error_code ignored;
  unified_ = fs::exists(mounts_ / "cgroup.controllers", ignored);
}

bool Cgroups::out_of_memory(const std::string& id) const {
  const fs::path inner = fs::path(parent_).relative_path() / id;
  if (unified_) return read_counter(mounts_ / inner / "memory.events", "oom_kill") > 0;
  return read_counter(mounts_ / "memory" / inner / "memory.oom_control", "oom_kill") > 0;
}

bool Cgroups::limits_swap() const {
  std::error_code ignored;
  return unified_ || fs::exists(mounts_ / "memory" / "memory.memsw.limit_in_bytes", ignored);
}

Result<> Cgroups::remove_parent() const {
  const fs::path inner = fs::path(parent_).relative_path();
  if (inner.empty()) return fail(Errc::invalid_argument, "the root cgroup cannot be removed");
  std::error_code error;
  if (unified_) {
    remove_empty_tree(mounts_ / inner);
  } else {
    for (const auto& hierarchy : fs::directory_iterator(mounts_, error)) {
      if (hierarchy.is_directory(error) && !hierarchy.is_symlink(error)) {
        remove_empty_tree(hierarchy.path() / inner);
      }
    }
  }
  return {};
}

}  // namespace dokku::runtime
