// Filter: what stands between a stream's bytes and its socket's: TLS (proxy/tls).
//
// A stream owns its filter and keeps the sockets' readiness and whatever is unsent; the filter only
// turns bytes of one kind into the other. It reads the socket by Stream::receive and hands back
// what is to be sent. One thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace dokku::proxy::net {

class Stream;
class Gather;

class Filter {
 public:
  virtual ~Filter() = default;

  struct Read {
    std::size_t size = 0;
    bool end = false;       // orderly end of the peer's bytes
    bool failed = false;    // the peer breaks the protocol
    std::string_view send;  // for the socket, whatever else happened; valid until the next call
  };
  virtual Read read(Stream& socket, char* into, std::size_t size) = 0;
  // There is more to read without the socket.
  virtual bool buffered() const = 0;
  // Both valid until the next call of any filter of this thread; empty: it has broken.
  virtual std::string_view seal(const Gather& bytes) = 0;
  virtual std::string_view goodbye() = 0;

  // Both sides have agreed; from now on the two below are known.
  virtual bool established() const = 0;
  virtual std::string_view server_name() const = 0;  // lower case; empty: none was said
  virtual std::string_view protocol() const = 0;     // by ALPN: "h2", "http/1.1"; empty: none
};

}  // namespace dokku::proxy::net
