// Connection: one client's TLS, as the filter of its stream.
//
// OpenSSL reads and writes through a BIO of ours: it reads the stream's socket with the stream's
// own knowledge of what epoll said, and writes into memory that the stream then sends in one piece.
// For the .cc files of this folder only.
#pragma once

#include <string>
#include <string_view>

#include "proxy/net/filter.h"
#include "proxy/net/stream.h"
#include "proxy/tls/openssl.h"

namespace dokku::proxy::tls {

// What all connections of a thread share: memory that holds bytes during one call only.
struct Workbench {
  std::string sealed;  // what OpenSSL wrote
  std::string plain;   // pieces that become one record
};

class Connection final : public net::Filter {
 public:
  // `ssl` is new; `method` and `bench` outlive us. nullptr: out of memory.
  static std::unique_ptr<Connection> create(SslPtr ssl, const BIO_METHOD* method, Workbench& bench);
  // The method of all BIOs.
  static BioMethodPtr new_method();

  Read read(net::Stream& socket, char* into, std::size_t size) override;
  bool buffered() const override;
  std::string_view seal(const net::Gather& bytes) override;
  std::string_view goodbye() override;
  bool established() const override { return ::SSL_is_init_finished(ssl_.get()) == 1; }
  std::string_view server_name() const override { return server_name_; }
  std::string_view protocol() const override;

  // Set when the hello is read.
  std::uint16_t port = 0;
  bool own_port = false;
  void set_server_name(std::string name) { server_name_ = std::move(name); }

 private:
  Connection(SslPtr ssl, Workbench& bench) : ssl_(std::move(ssl)), bench_(bench) {}
  static int bio_read(BIO* bio, char* into, int size);
  static int bio_write(BIO* bio, const char* bytes, int size);
  static long bio_control(BIO* bio, int command, long, void*);
  bool write(std::string_view bytes);

  SslPtr ssl_;
  Workbench& bench_;
  net::Stream* socket_ = nullptr;  // during a call
  bool broken_ = false;
  std::string server_name_;
};

}  // namespace dokku::proxy::tls
