// What a client hello says that decides about the certificate: name and protocols.
//
// Reads the bodies of two extensions, as they came from a stranger: any byte is possible, and each
// length is checked. Knows no OpenSSL (RFC 6066 §3, RFC 7301 §3.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dokku::proxy::tls {

// The host name in an extension "server_name", in lower case and without a final dot. Nothing: it
// holds none, or what is no name of a host.
std::optional<std::string> server_name(std::string_view extension);

// Whether an extension "application_layer_protocol_negotiation" offers `protocol`. A malformed one
// offers nothing.
bool offers(std::string_view extension, std::string_view protocol);

}  // namespace dokku::proxy::tls
