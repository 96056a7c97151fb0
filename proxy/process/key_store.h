// KeyStore: the certificates that the proxy's routes name, with their private keys.
//
// Kept by the parent as one file each (0600) in a folder of the proxy's own user, so that it starts
// without the control plane, and handed to the workers from memory. A certificate stays as long as
// a group names it. docs/decisions/0005.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "proxy/control/routes.h"

namespace dokku::proxy::process {

class KeyStore {
 public:
  // An empty path: nothing is kept on disk.
  explicit KeyStore(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // Reads those that these groups name, and counts the names. One that is missing is logged: its
  // hosts have no TLS until the control plane sends it.
  void load(const std::vector<Group>& groups);
  // Takes those of `given` that the groups name and that are new; returns their ids. not_found: a
  // group names what is neither here nor given. They stay once their group is counted.
  Result<std::vector<std::string>> admit(const std::vector<Group>& groups,
                                         const std::vector<Certificate>& given);

  void count(const std::vector<std::string>& ids);
  void discount(const std::vector<std::string>& ids);
  // Removes what no group names; returns the ids.
  std::vector<std::string> sweep();

  const Certificate& at(const std::string& id) const { return held_.at(id).certificate; }
  std::vector<std::string> ids() const;

 private:
  struct Held {
    Certificate certificate;
    unsigned users = 0;
  };
  Result<> keep(const Certificate& certificate);
  Result<Certificate> read(const std::string& id) const;

  std::filesystem::path folder_;
  std::map<std::string, Held> held_;  // by id
  bool unused_ = false;               // something may be
};

// Every id that a group names: of its certificates and of its challenges'.
std::vector<std::string> named_certificates(const Group& group);

}  // namespace dokku::proxy::process
