#include "proxy/process/snapshot.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/atomic_file.h"
#include "base/io.h"
#include "proxy/control/messages.h"

namespace dokku::proxy::process {

Result<> Snapshot::check_folder() const {
  if (file_.empty()) return {};
  const std::filesystem::path folder = file_.parent_path();
  if (::access(folder.c_str(), W_OK) == 0) return {};
  return fail(Errc::permission_denied, folder.string() + ": the proxy's user (uid " +
                                           std::to_string(::geteuid()) + ") may not write there");
}

Result<std::vector<Group>> Snapshot::load() const {
  if (file_.empty()) return std::vector<Group>();
  const Result<std::string> text = read_file(file_, kControlFrameBytesMax);
  if (!text && text.error().code() == Errc::not_found) return std::vector<Group>();
  if (!text) return Fail(text.error());
  return decode_groups(*text);
}

void Snapshot::put(const Group& group) {
  const std::string list = encode_groups({group});
  texts_[group.key] = list.substr(1, list.size() - 2);
}

void Snapshot::replace_all(const std::vector<Group>& groups) {
  texts_.clear();
  for (const Group& group : groups) put(group);
}

std::string Snapshot::text() const {
  std::string all = "[";
  for (const auto& [key, text] : texts_) {
    if (all.size() > 1) all += ",\n";
    all += text;
  }
  return all + "]";
}

Result<> Snapshot::save() {
  if (file_.empty()) return {};
  return write_file_atomically(file_, text());
}

Result<> Snapshot::replace() {
  if (file_.empty()) return {};
  std::filesystem::path fresh = file_;
  fresh += ".next";
  UniqueFd file = TRY(open_file(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600));
  TRY(write_all(file.get(), text()));
  if (::rename(fresh.c_str(), file_.c_str()) < 0) {
    return fail_syscall("rename to " + file_.string(), errno);
  }
  if (!sync_) sync_ = std::make_unique<DiskSync>(file_);
  sync_->ask();
  return {};
}

}  // namespace dokku::proxy::process
