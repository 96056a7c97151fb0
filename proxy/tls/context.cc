#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <cstring>

#include "proxy/tls/openssl.h"

namespace dokku::proxy::tls {
namespace {

// Forward secrecy and authenticated encryption only: what every client since 2014 offers.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr const char* kGroups = "X25519:P-256:P-384";
constexpr long kSessionSeconds = 7200;

constexpr int kTicketFailed = -1;
constexpr int kTicketUnknown = 0;
constexpr int kTicketGood = 1;
constexpr int kTicketRenew = 2;

int keys_index() {
  static const int index = ::SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

bool set_mac(EVP_MAC_CTX* mac, const TicketKey& key) {
  char digest[] = "SHA256";
  OSSL_PARAM params[] = {
      ::OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY,
                                          const_cast<unsigned char*>(key.mac.data()),
                                          key.mac.size()),
      ::OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      ::OSSL_PARAM_construct_end()};
  return ::EVP_MAC_CTX_set_params(mac, params) == 1;
}

int seal_ticket(const TicketKey& key, unsigned char* name, unsigned char* iv,
                EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  constexpr int kIvBytes = 16;
  if (::RAND_bytes(iv, kIvBytes) != 1) return kTicketFailed;
  std::memcpy(name, key.name.data(), key.name.size());
  const bool ready = ::EVP_EncryptInit_ex(cipher, ::EVP_aes_256_cbc(), nullptr, key.cipher.data(),
                                          iv) == 1 &&
                     set_mac(mac, key);
  return ready ? kTicketGood : kTicketFailed;
}

int open_ticket(const TicketKey& key, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
                EVP_MAC_CTX* mac) {
  const bool ready = set_mac(mac, key) && ::EVP_DecryptInit_ex(cipher, ::EVP_aes_256_cbc(),
                                                               nullptr, key.cipher.data(), iv) == 1;
  return ready ? kTicketGood : kTicketFailed;
}

int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
              EVP_MAC_CTX* mac, int sealing) {
  const auto* keys = static_cast<const TicketKeys*>(
      ::SSL_CTX_get_ex_data(::SSL_get_SSL_CTX(ssl), keys_index()));
  if (keys == nullptr) return kTicketUnknown;
  if (sealing == 1) return seal_ticket(keys->current(), name, iv, cipher, mac);
  const TicketKey& current = keys->current();
  if (std::memcmp(name, current.name.data(), current.name.size()) == 0) {
    // A ticket that is still good needs no other: that saves the client's and our time.
    ::SSL_set_num_tickets(ssl, 0);
    return open_ticket(current, iv, cipher, mac);
  }
  if (!keys->previous()) return kTicketUnknown;
  const TicketKey& previous = *keys->previous();
  if (std::memcmp(name, previous.name.data(), previous.name.size()) != 0) return kTicketUnknown;
  const int opened = open_ticket(previous, iv, cipher, mac);
  return opened == kTicketGood ? kTicketRenew : opened;
}

}  // namespace

Result<ContextPtr> new_context() {
  ContextPtr context(::SSL_CTX_new(::TLS_server_method()));
  if (!context) return complaint("no TLS context");
  SSL_CTX* raw = context.get();
  ::SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  ::SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_SINGLE_ECDH_USE);
  ::SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  ::SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_timeout(raw, kSessionSeconds);
  ::SSL_CTX_set_num_tickets(raw, 1);
  ::SSL_CTX_set_read_ahead(raw, 1);
  if (::SSL_CTX_set_cipher_list(raw, kCiphers) != 1 ||
      ::SSL_CTX_set1_groups_list(raw, kGroups) != 1) {
    return complaint("the system's TLS does not know our ciphers");
  }
  return context;
}

void use_tickets(SSL_CTX* context, const TicketKeys* keys) {
  ::SSL_CTX_set_ex_data(context, keys_index(), const_cast<TicketKeys*>(keys));
  ::SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
}

}  // namespace dokku::proxy::tls
