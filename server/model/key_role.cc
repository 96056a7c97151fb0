#include "server/model/key_role.h"

#include <algorithm>
#include <array>
#include <utility>

namespace dokku::server {
namespace {

constexpr std::array<std::pair<std::string_view, KeyRole>, 3> kRoles{
    {{"admin", KeyRole::admin}, {"deploy", KeyRole::deploy}, {"read", KeyRole::read}}};

}  // namespace

Result<KeyRole> parse_key_role(std::string_view text) {
  for (const auto& [name, role] : kRoles) {
    if (name == text) return role;
  }
  return fail(Errc::invalid_argument,
              "Invalid role specified, valid roles include: admin, deploy, read");
}

std::string_view key_role_name(KeyRole role) {
  for (const auto& [name, each] : kRoles) {
    if (each == role) return name;
  }
  return "";
}

bool AppScope::sees(std::string_view app) const {
  return all() || names_.find(std::string(app)) != names_.end();
}

bool AppScope::sees_container(std::string_view container) const {
  return all() || std::any_of(names_.begin(), names_.end(), [&](const std::string& name) {
           return container.starts_with(name + ".");
         });
}

std::string AppScope::text() const {
  std::string text;
  for (const std::string& name : names_) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace dokku::server
