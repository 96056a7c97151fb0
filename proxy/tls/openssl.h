// OpenSSL's objects with an owner each, and its errors as sentences.
//
// For the .cc files of this folder only.
#pragma once

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "proxy/control/routes.h"
#include "proxy/tls/tickets.h"

namespace dokku::proxy::tls {

template <auto free_it>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    free_it(object);
  }
};
using SslPtr = std::unique_ptr<SSL, Freed<SSL_free>>;
using ContextPtr = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using BioMethodPtr = std::unique_ptr<BIO_METHOD, Freed<BIO_meth_free>>;
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Freed<X509_free>>;

// What OpenSSL last complained about, and forgets it. Never holds bytes of keys.
Fail complaint(const std::string& doing);

// A chain with the leaf first, and its key.
struct Identity {
  std::vector<CertificatePtr> chain;
  KeyPtr key;
};
Result<Identity> read_identity(const Certificate& certificate);
Result<> use(SSL_CTX* context, const Identity& identity);
// Whether the leaf is for this name, wildcards included.
bool names(const Identity& identity, const std::string& host);

// A context with protocols, ciphers and groups of ours and no certificate.
Result<ContextPtr> new_context();

// Seals and opens tickets with `keys`, which must outlive the context.
void use_tickets(SSL_CTX* context, const TicketKeys* keys);

}  // namespace dokku::proxy::tls
