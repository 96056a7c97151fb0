#include "server/platform/file_attributes.h"

#include <sys/xattr.h>

#include <algorithm>
#include <cerrno>

#include "server/model/base64.h"

namespace dokku::server {
namespace {

constexpr std::size_t kListBytesMax = 64 << 10;  // the kernel's own limits
constexpr std::size_t kValueBytesMax = 64 << 10;

bool is_kept(std::string_view name) {
  return name.starts_with("user.") || name == "system.posix_acl_access" ||
         name == "system.posix_acl_default";
}

Fail malformed() { return fail(Errc::invalid_argument, "an extended attribute is malformed"); }

}  // namespace

Attributes attributes_of(int fd, std::size_t bytes_max) {
  Attributes found;
  const ssize_t needed = ::flistxattr(fd, nullptr, 0);
  if (needed <= 0) return found;
  std::string names(kListBytesMax, '\0');
  const ssize_t size = ::flistxattr(fd, names.data(), names.size());
  if (size <= 0) return found;
  names.resize(static_cast<std::size_t>(size));
  std::string value(kValueBytesMax, '\0');
  for (std::string_view left = names; !left.empty();) {
    const std::string name(left.substr(0, left.find('\0')));
    left.remove_prefix(std::min(left.size(), name.size() + 1));
    if (!is_kept(name)) continue;
    const ssize_t got = ::fgetxattr(fd, name.c_str(), value.data(), value.size());
    if (got < 0) continue;  // gone meanwhile
    const std::string one =
        " " + base64_encode(name) + ":" +
        base64_encode(std::string_view(value).substr(0, static_cast<std::size_t>(got)));
    if (found.text.size() + one.size() > bytes_max) {
      found.left_out = true;
    } else {
      found.text += one;
    }
  }
  return found;
}

Result<std::vector<Attribute>> parse_attributes(std::string_view text) {
  std::vector<Attribute> attributes;
  while (!text.empty()) {
    if (text.front() != ' ') return malformed();
    text.remove_prefix(1);
    const std::string_view one = text.substr(0, text.find(' '));
    text.remove_prefix(one.size());
    const std::size_t colon = one.find(':');
    if (colon == one.npos) return malformed();
    const Result<std::string> name = base64_decode(one.substr(0, colon));
    const Result<std::string> value = base64_decode(one.substr(colon + 1));
    const bool good = name && value && is_kept(*name) && name->find('\0') == name->npos;
    if (!good) return malformed();
    attributes.push_back({*name, *value});
  }
  return attributes;
}

Result<bool> set_attributes(int fd, const std::vector<Attribute>& attributes) {
  for (const auto& [name, value] : attributes) {
    if (::fsetxattr(fd, name.c_str(), value.data(), value.size(), 0) == 0) continue;
    if (errno == EOPNOTSUPP) return false;
    return fail_syscall("setxattr", errno);
  }
  return true;
}

}  // namespace dokku::server
