// Certs: the certificate of an app (`certs:*`). Keys leave only by `certs:show key`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "server/certificates/certificate.h"
#include "server/model/route_spec.h"
#include "server/platform/strangers.h"
#include "server/store/apps.h"

namespace dokku::server {

class Certs {
 public:
  Certs(Store& store, const Clock& clock, const Strangers& strangers)
      : store_(store), clock_(clock), strangers_(strangers) {}

  Result<std::optional<KeyPair>> of(const App& app);
  // As `certs:add APP < certs.tar` brings them. Errors as in server/certificates/tar_pair.h.
  Result<KeyPair> pair_in_tar(const std::string& tar) { return strangers_.key_pair_of_tar(tar); }
  // Checked (server/certificates), then stored instead of the one before. Returns its facts.
  Result<CertificateFacts> set(const App& app, const KeyPair& brought);
  // For one name, signed by itself, for a year.
  Result<CertificateFacts> generate(const App& app, const std::string& host);
  Result<> remove(const App& app);
  // Names of the app that the certificate does not serve.
  Result<std::vector<std::string>> uncovered(const App& app, const CertificateFacts& facts);

 private:
  Store& store_;
  const Clock& clock_;
  const Strangers& strangers_;
};

}  // namespace dokku::server
