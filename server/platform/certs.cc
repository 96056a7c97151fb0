#include "server/platform/certs.h"

#include "server/store/certificates.h"
#include "server/store/domains.h"

namespace dokku::server {
namespace {
constexpr std::chrono::hours kSelfSignedLife{365 * 24};
}

Result<std::optional<KeyPair>> Certs::of(const App& app) {
  return store_.read([&](ReadTx& tx) { return certificate_of(tx, app.id); });
}

Result<CertificateFacts> Certs::set(const App& app, const KeyPair& brought) {
  const KeyPair pair = TRY(check_key_pair(brought));
  CertificateFacts facts = TRY(read_certificate(pair.chain));
  TRY(store_.write([&](WriteTx& tx) {
    return set_certificate(tx, app.id, pair, clock_.wall());
  }));
  return facts;
}

Result<CertificateFacts> Certs::generate(const App& app, const std::string& host) {
  const KeyPair pair = TRY(make_self_signed(host, kSelfSignedLife));
  return set(app, pair);
}

Result<> Certs::remove(const App& app) {
  return store_.write([&](WriteTx& tx) {
    return set_certificate(tx, app.id, std::nullopt, clock_.wall());
  });
}

Result<std::vector<std::string>> Certs::uncovered(const App& app, const CertificateFacts& facts) {
  const std::vector<Domain> domains =
      TRY(store_.read([&](ReadTx& tx) { return list_domains(tx, app.id); }));
  std::vector<std::string> names;
  for (const Domain& domain : domains) {
    if (!facts.covers(domain.str())) names.push_back(domain.str());
  }
  return names;
}

}  // namespace dokku::server
