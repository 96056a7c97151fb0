// The part of ClientConnection that hands over to HTTP/2.
#include <algorithm>

#include "proxy/session/client.h"

namespace dokku::proxy::session {

// By prior knowledge (RFC 9113 §3.3): only as the very first bytes of a connection.
bool ClientConnection::preface_begins(std::string_view bytes) const {
  return stream_.bytes_sent() == 0 && bytes.front() == 'P' &&
         h2::kPreface.starts_with(bytes.substr(0, h2::kPreface.size()));
}

void ClientConnection::begin_h2() {
  const std::string ip = peer_.ip();
  Origin origin{ip, listener_->port_text, listener_->port, listener_->own};
  origin.peer = &peer_;
  if (const net::Filter* filter = stream_.filter(); filter != nullptr) {
    origin.tls = true;
    origin.server_name = filter->server_name();
  }
  h2_ = H2Connection::create(context_, stream_, *this, origin);
  if (!h2_) return lose();
  arm(h2_->next_look());
}

// What came with the last bytes of the handshake.
void ClientConnection::go_on_in_h2(std::string_view bytes, bool end) {
  if (end) return lose();
  if (!h2_->receive(bytes)) return close_politely();
  advance_h2();
}

void ClientConnection::advance_h2() {
  if (stream_.broken() || (stream_.pending() > 0 && !stream_.flush())) return lose();
  std::size_t budget = context_.limits.bytes_per_turn;
  while (stream_.readable() && h2_->takes_input()) {
    if (budget == 0) return context_.loop.again(*this);
    const net::Stream::Read got = stream_.read(context_.scratch.data(), context_.scratch.size());
    if (got.end || got.failed) return lose();
    if (got.size == 0) break;
    budget -= std::min(budget, got.size);
    if (!h2_->receive({context_.scratch.data(), got.size})) return close_politely();
    if (h2_->in_head()) arm(h2_->next_look());
  }
  if (!h2_->work()) close_politely();
}

}  // namespace dokku::proxy::session
