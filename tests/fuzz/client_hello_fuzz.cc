// The two extensions of a TLS client hello that we read ourselves.
#include "pieces.h"
#include "proxy/tls/client_hello.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = dokku::fuzz::text(data, size);
  if (const auto name = dokku::proxy::tls::server_name(bytes)) {
    dokku::fuzz::demand(!name->empty() && name->size() <= 253, "a name of no host", *name);
    for (const char c : *name) {
      dokku::fuzz::demand(c > ' ' && c < 0x7f && !(c >= 'A' && c <= 'Z'), "a byte of no host",
                          *name);
    }
  }
  for (const char* protocol : {"h2", "http/1.1", "acme-tls/1"}) {
    if (!dokku::proxy::tls::offers(bytes, protocol)) continue;
    dokku::fuzz::demand(bytes.find(protocol) != bytes.npos, "found what is not there");
  }
  return 0;
}
