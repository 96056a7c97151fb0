// Certificates as people bring them: read, judged, made. The control plane's only OpenSSL.
//
// Input is PEM of a stranger, at most kPemBytesMax. Errors: invalid_argument, as sentences that say
// what to do. Keys appear in no error. Threads: any.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/model/route_spec.h"

namespace dokku::server {

inline constexpr std::size_t kPemBytesMax = 256 * 1024;

struct CertificateFacts {
  // Whom it serves, in lower case, each once: its alternative names, or else its common name.
  std::vector<std::string> hostnames;
  std::string common_name;  // lower case
  std::string starts_at;    // "Nov 21 05:17:41 2026 GMT"
  std::string expires_at;
  bool expired = false;
  std::string issuer;
  std::string subject;
  bool self_signed = false;
  bool verified = false;  // by an authority that this machine trusts

  // Whether one of the hostnames, wildcards included, is for `host`.
  bool covers(std::string_view host) const;
};

// Of the first certificate of the chain.
Result<CertificateFacts> read_certificate(std::string_view text);

// Before it is stored: readable, key and leaf belong together, each certificate signed by the next.
// Returns the pair with nothing but the PEM blocks, the chain in order. One that has expired is
// taken, as by Dokku; its facts say so.
Result<KeyPair> check_key_pair(const KeyPair& brought);

// For `host`, signed by itself.
Result<KeyPair> make_self_signed(const std::string& host, std::chrono::hours life);

}  // namespace dokku::server
