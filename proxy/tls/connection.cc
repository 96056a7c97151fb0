#include "proxy/tls/connection.h"

#include <algorithm>

namespace dokku::proxy::tls {
namespace {

constexpr std::size_t kRecordBytes = 16 * 1024;

}  // namespace

std::unique_ptr<Connection> Connection::create(SslPtr ssl, const BIO_METHOD* method,
                                               Workbench& bench) {
  BIO* bio = ::BIO_new(method);
  if (bio == nullptr) return nullptr;
  std::unique_ptr<Connection> connection(new Connection(std::move(ssl), bench));
  ::BIO_set_data(bio, connection.get());
  ::BIO_set_init(bio, 1);
  ::SSL_set_bio(connection->ssl_.get(), bio, bio);
  SSL_set_app_data(connection->ssl_.get(), connection.get());
  ::SSL_set_accept_state(connection->ssl_.get());
  return connection;
}

BioMethodPtr Connection::new_method() {
  BioMethodPtr method(::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream"));
  if (!method) return method;
  ::BIO_meth_set_read(method.get(), bio_read);
  ::BIO_meth_set_write(method.get(), bio_write);
  ::BIO_meth_set_ctrl(method.get(), bio_control);
  return method;
}

int Connection::bio_read(BIO* bio, char* into, int size) {
  auto& self = *static_cast<Connection*>(::BIO_get_data(bio));
  ::BIO_clear_retry_flags(bio);
  // Nothing to read as far as epoll has said: no call to be told so again.
  const bool may = self.socket_ != nullptr && self.socket_->socket_readable();
  const net::Stream::Read got =
      may ? self.socket_->receive(into, static_cast<std::size_t>(size)) : net::Stream::Read{};
  if (got.size > 0) return static_cast<int>(got.size);
  if (got.end) return 0;
  if (got.failed) return -1;
  ::BIO_set_retry_read(bio);
  return -1;
}

int Connection::bio_write(BIO* bio, const char* bytes, int size) {
  auto& self = *static_cast<Connection*>(::BIO_get_data(bio));
  ::BIO_clear_retry_flags(bio);
  self.bench_.sealed.append(bytes, static_cast<std::size_t>(size));
  return size;
}

long Connection::bio_control(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

// As much as there is and fits: one call may hold several records.
net::Filter::Read Connection::read(net::Stream& socket, char* into, std::size_t size) {
  Read read;
  if (broken_) return {0, false, true, {}};
  bench_.sealed.clear();
  socket_ = &socket;
  ::ERR_clear_error();
  while (read.size < size) {
    std::size_t got = 0;
    if (::SSL_read_ex(ssl_.get(), into + read.size, size - read.size, &got) == 1) {
      read.size += got;
      if (!socket.socket_readable() && ::SSL_has_pending(ssl_.get()) == 0) break;
      continue;
    }
    const int error = ::SSL_get_error(ssl_.get(), 0);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) break;
    // What was read before is given first; the next call finds the end again.
    if (read.size > 0) break;
    if (error == SSL_ERROR_ZERO_RETURN) {
      read.end = true;
    } else {
      broken_ = read.failed = true;
      ::ERR_clear_error();
    }
    break;
  }
  socket_ = nullptr;
  read.send = bench_.sealed;
  return read;
}

bool Connection::buffered() const { return ::SSL_has_pending(ssl_.get()) == 1; }

bool Connection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    std::size_t written = 0;
    if (::SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written) != 1) {
      ::ERR_clear_error();
      broken_ = true;
      return false;
    }
    bytes.remove_prefix(written);
  }
  return true;
}

// Small pieces share a record; a large one is sealed where it stands.
std::string_view Connection::seal(const net::Gather& bytes) {
  bench_.sealed.clear();
  bench_.plain.clear();
  if (broken_) return {};
  for (std::size_t i = 0; i < bytes.count(); ++i) {
    const iovec& each = bytes.data()[i];
    std::string_view piece(static_cast<const char*>(each.iov_base), each.iov_len);
    while (!piece.empty()) {
      if (bench_.plain.empty() && piece.size() >= kRecordBytes) {
        const std::string_view whole = piece.substr(0, piece.size() - piece.size() % kRecordBytes);
        if (!write(whole)) return {};
        piece.remove_prefix(whole.size());
        continue;
      }
      const std::size_t taken = std::min(piece.size(), kRecordBytes - bench_.plain.size());
      bench_.plain.append(piece.substr(0, taken));
      piece.remove_prefix(taken);
      if (bench_.plain.size() < kRecordBytes) continue;
      if (!write(bench_.plain)) return {};
      bench_.plain.clear();
    }
  }
  if (!bench_.plain.empty() && !write(bench_.plain)) return {};
  return bench_.sealed;
}

std::string_view Connection::goodbye() {
  bench_.sealed.clear();
  if (!broken_ && established()) ::SSL_shutdown(ssl_.get());
  ::ERR_clear_error();
  return bench_.sealed;
}

std::string_view Connection::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  ::SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

}  // namespace dokku::proxy::tls
