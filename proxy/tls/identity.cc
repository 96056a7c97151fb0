#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "proxy/tls/openssl.h"
#include "proxy/tls/server.h"

namespace dokku::proxy::tls {
namespace {

constexpr std::size_t kChainMax = 10;

BioPtr reader(const std::string& text) {
  return BioPtr(::BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

// A key that wants a password is no key for a server.
int no_password(char*, int, int, void*) { return -1; }

}  // namespace

Fail complaint(const std::string& doing) {
  const unsigned long code = ::ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ::ERR_reason_error_string(code);
  ::ERR_clear_error();
  return fail(Errc::invalid_argument, doing + (reason == nullptr ? "" : ": ") +
                                          (reason == nullptr ? "" : reason));
}

Result<Identity> read_identity(const Certificate& certificate) {
  Identity identity;
  const BioPtr chain = reader(certificate.chain);
  while (identity.chain.size() < kChainMax) {
    CertificatePtr next(::PEM_read_bio_X509(chain.get(), nullptr, no_password, nullptr));
    if (!next) break;
    identity.chain.push_back(std::move(next));
  }
  ::ERR_clear_error();
  if (identity.chain.empty()) return complaint("there is no certificate in the chain");
  const BioPtr key = reader(certificate.key);
  identity.key = KeyPtr(::PEM_read_bio_PrivateKey(key.get(), nullptr, no_password, nullptr));
  if (!identity.key) return complaint("the private key is not readable");
  if (::X509_check_private_key(identity.chain.front().get(), identity.key.get()) != 1) {
    return complaint("the key does not belong to the certificate");
  }
  return identity;
}

Result<> use(SSL_CTX* context, const Identity& identity) {
  STACK_OF(X509)* rest = sk_X509_new_null();
  for (std::size_t i = 1; i < identity.chain.size(); ++i) {
    sk_X509_push(rest, identity.chain[i].get());
  }
  const int used = ::SSL_CTX_use_cert_and_key(context, identity.chain.front().get(),
                                              identity.key.get(), rest, /*override=*/1);
  sk_X509_free(rest);
  if (used != 1) return complaint("the certificate cannot be used");
  return {};
}

bool names(const Identity& identity, const std::string& host) {
  return ::X509_check_host(identity.chain.front().get(), host.data(), host.size(), 0, nullptr) == 1;
}

Result<> check(const Certificate& certificate) {
  const Identity identity = TRY(read_identity(certificate));
  const ContextPtr context = TRY(new_context());
  return use(context.get(), identity);
}

}  // namespace dokku::proxy::tls
