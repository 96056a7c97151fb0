// Certificates for tests, signed by themselves.
#pragma once

#include <string>
#include <vector>

#include "proxy/control/routes.h"

namespace dokku::proxy::tls {

enum class KeyKind { ecdsa, rsa };

// `id` is one letter, repeated. The names become the subject alternative names.
Certificate made_certificate(char id, const std::vector<std::string>& names,
                             KeyKind kind = KeyKind::ecdsa);

}  // namespace dokku::proxy::tls
