// A certificate and its key out of a tar, as `certs:add APP < certs.tar` brings them: exactly one
// file .crt and one file .key, in whatever folder. Nothing is unpacked to disk.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "server/model/route_spec.h"

namespace dokku::server {

// invalid_argument, in Dokku's words: "Tar archive is missing .crt file", "… contains more than one
// .key file".
Result<KeyPair> key_pair_from_tar(std::string_view tar);

// The same as a worker's task: what it answers is the chain, a zero byte (PEM has none), the key.
inline constexpr const char* kCertificateTarTask = "certificate-tar";
Result<std::string> certificate_tar_task(const std::string& tar);

}  // namespace dokku::server
