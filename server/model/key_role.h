// KeyRole: what the holder of an ssh key may do. AppScope: with which apps.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/result.h"

namespace dokku::server {

// Each includes the one before it. What a role may do is told by the commands themselves
// (cli/commands/command.h, Access).
enum class KeyRole {
  read,    // reports, lists, logs; no values of config
  deploy,  // pushes, and what changes one app
  admin    // everything but what is root's, as every key in Dokku
};

// invalid_argument: "Invalid role specified, valid roles include: admin, deploy, read".
Result<KeyRole> parse_key_role(std::string_view text);
std::string_view key_role_name(KeyRole role);

// To a caller with a scope, all other apps do not exist. By name, so that an app that is destroyed
// and made anew stays within it.
class AppScope {
 public:
  AppScope() = default;  // all apps
  // An empty set means all apps too: a key that may use none would be no key.
  explicit AppScope(std::set<std::string> names) : names_(std::move(names)) {}

  bool all() const { return names_.empty(); }
  bool sees(std::string_view app) const;
  // "blog.web.1" is blog's.
  bool sees_container(std::string_view container) const;
  const std::set<std::string>& names() const { return names_; }
  // "blog, shop"
  std::string text() const;

 private:
  std::set<std::string> names_;
};

}  // namespace dokku::server
