#include "proxy/process/key_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/atomic_file.h"
#include "base/io.h"
#include "base/log.h"
#include "proxy/control/messages.h"

namespace dokku::proxy::process {
namespace {
constexpr std::size_t kFileBytesMax = 1 << 20;
}

std::vector<std::string> named_certificates(const Group& group) {
  std::vector<std::string> ids = group.certificates;
  for (const Challenge& challenge : group.challenges) {
    if (!challenge.certificate.empty()) ids.push_back(challenge.certificate);
  }
  return ids;
}

void KeyStore::load(const std::vector<Group>& groups) {
  for (const Group& group : groups) {
    for (const std::string& id : named_certificates(group)) {
      if (held_.contains(id)) continue;
      Result<Certificate> certificate = read(id);
      if (certificate) {
        held_[id].certificate = std::move(*certificate);
      } else {
        log::error(group.key + ": no certificate: " + certificate.error().message());
      }
    }
    count(named_certificates(group));
  }
}

Result<Certificate> KeyStore::read(const std::string& id) const {
  if (folder_.empty() || !is_certificate_id(id)) {
    return fail(Errc::not_found, "certificate " + id.substr(0, 12) + " is not known");
  }
  const std::string text = TRY(read_file(folder_ / id, kFileBytesMax));
  return decode_certificate(text);
}

Result<std::vector<std::string>> KeyStore::admit(const std::vector<Group>& groups,
                                                 const std::vector<Certificate>& given) {
  std::vector<std::string> fresh;
  for (const Group& group : groups) {
    for (const std::string& id : named_certificates(group)) {
      if (held_.contains(id)) continue;
      const auto found = std::find_if(given.begin(), given.end(),
                                      [&](const Certificate& each) { return each.id == id; });
      if (found == given.end()) {
        return fail(Errc::not_found,
                    group.key + " names certificate " + id.substr(0, 12) + ", which is not known");
      }
      TRY(keep(*found));
      held_[id].certificate = *found;
      unused_ = true;
      fresh.push_back(id);
    }
  }
  return fresh;
}

Result<> KeyStore::keep(const Certificate& certificate) {
  if (folder_.empty()) return {};
  if (::mkdir(folder_.c_str(), 0700) < 0 && errno != EEXIST) {
    return fail_syscall("mkdir " + folder_.string(), errno);
  }
  return write_file_atomically(folder_ / certificate.id, encode_certificate(certificate), 0600);
}

void KeyStore::count(const std::vector<std::string>& ids) {
  for (const std::string& id : ids) {
    if (const auto found = held_.find(id); found != held_.end()) ++found->second.users;
  }
}

void KeyStore::discount(const std::vector<std::string>& ids) {
  for (const std::string& id : ids) {
    const auto found = held_.find(id);
    if (found == held_.end() || found->second.users == 0) continue;
    if (--found->second.users == 0) unused_ = true;
  }
}

std::vector<std::string> KeyStore::sweep() {
  std::vector<std::string> gone;
  if (!unused_) return gone;
  unused_ = false;
  std::erase_if(held_, [&](const auto& entry) {
    if (entry.second.users > 0) return false;
    gone.push_back(entry.first);
    return true;
  });
  if (folder_.empty()) return gone;
  for (const std::string& id : gone) ::unlink((folder_ / id).c_str());
  return gone;
}

std::vector<std::string> KeyStore::ids() const {
  std::vector<std::string> all;
  for (const auto& [id, held] : held_) all.push_back(id);
  return all;
}

}  // namespace dokku::proxy::process
