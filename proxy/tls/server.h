// Server: the worker's side of TLS 1.2 and 1.3 (RFC 8446, RFC 5246): certificates by name, tickets.
//
// Holds the certificates that the routes name, by id, and makes a filter for each connection. What
// a name leads to is asked at each handshake, so a change of routes or certificates concerns the
// next handshake and no open connection. Contexts are made when a client first asks for them.
//
// One thread. Must outlive its connections. Errors: invalid_argument (no certificate, no key, or
// they do not belong together).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "proxy/control/routes.h"
#include "proxy/net/filter.h"
#include "proxy/tls/tickets.h"

namespace dokku::proxy::tls {

// What a client says in its hello, and which port of ours heard it.
struct Hello {
  std::uint16_t port = 0;
  bool own_port = false;
  std::string_view server_name;  // lower case; empty: none
  bool challenge = false;        // ALPN "acme-tls/1": a certificate authority looks (RFC 8737)
};

// The ids of the certificates that answer; empty: nobody does, and the default one is used, or the
// handshake refused with unrecognized_name.
using Choose = std::function<std::vector<std::string>(const Hello&)>;

struct Options {
  bool offer_h2 = false;  // ALPN "h2", where the session can speak it
};

class Server {
 public:
  static Result<std::unique_ptr<Server>> create(Choose choose, Options options);
  virtual ~Server() = default;

  virtual void add(const Certificate& certificate) = 0;
  virtual void forget(const std::string& id) = 0;
  // For unknown names and clients that say none. Empty: refused.
  virtual void set_default(const std::string& id) = 0;
  virtual void set_tickets(const TicketKeys& keys) = 0;

  // For a connection that came in by this port. nullptr: out of memory.
  virtual std::unique_ptr<net::Filter> accept(std::uint16_t port, bool own_port) = 0;
};

// Reads chain and key and sees whether they belong together, before anybody depends on them.
Result<> check(const Certificate& certificate);

}  // namespace dokku::proxy::tls
