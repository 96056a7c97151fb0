#include "proxy/tls/server.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <map>

#include "proxy/net/stream.h"
#include "proxy/tls/openssl.h"
#include "tests/proxy/tls/made_certificates.h"

namespace dokku::proxy::tls {
namespace {

constexpr unsigned char kAlertUnrecognizedName = 112;

// A client of OpenSSL's on one end of a socket pair, our stream on the other, in turns.
class Talk {
 public:
  struct Wishes {
    std::string name;
    std::string alpn;
    const char* signatures = nullptr;
    SSL_SESSION* session = nullptr;
    int version_max = TLS1_3_VERSION;
  };

  Talk(Server& server, const Wishes& wishes) : context_(::SSL_CTX_new(::TLS_client_method())) {
    std::array<int, 2> ends{};
    ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data());
    stream_ = net::Stream(UniqueFd(ends[0]));
    stream_.set_filter(server.accept(443, true));
    fd_ = UniqueFd(ends[1]);
    SSL_CTX_set_max_proto_version(context_.get(), wishes.version_max);
    if (wishes.signatures) SSL_CTX_set1_sigalgs_list(context_.get(), wishes.signatures);
    client_.reset(::SSL_new(context_.get()));
    ::SSL_set_fd(client_.get(), fd_.get());
    if (!wishes.name.empty()) SSL_set_tlsext_host_name(client_.get(), wishes.name.c_str());
    if (!wishes.alpn.empty()) {
      ::SSL_set_alpn_protos(client_.get(),
                            reinterpret_cast<const unsigned char*>(wishes.alpn.data()),
                            static_cast<unsigned>(wishes.alpn.size()));
    }
    if (wishes.session) ::SSL_set_session(client_.get(), wishes.session);
    ::SSL_set_connect_state(client_.get());
  }

  // OpenSSL forgets the session of a connection that ends without a goodbye.
  ~Talk() { ::SSL_set_shutdown(client_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); }

  // True: both agreed.
  bool shake() {
    std::array<char, 1024> none{};
    for (int turn = 0; turn < 10; ++turn) {
      const int done = ::SSL_do_handshake(client_.get());
      if (done == 1 && established()) return true;
      if (done != 1 && ::SSL_get_error(client_.get(), done) == SSL_ERROR_SSL) return false;
      stream_.note(EPOLLIN | EPOLLOUT);
      stream_.read(none.data(), none.size());
    }
    return false;
  }
  bool established() const { return stream_.filter()->established(); }

  std::string to_server(const std::string& bytes) {
    std::string got;
    std::array<char, 70000> piece{};
    std::size_t at = 0;
    for (int turn = 0; turn < 10'000 && got.size() < bytes.size(); ++turn) {
      std::size_t written = 0;
      if (at < bytes.size() &&
          ::SSL_write_ex(client_.get(), bytes.data() + at, bytes.size() - at, &written) == 1) {
        at += written;
      }
      stream_.note(EPOLLIN | EPOLLOUT);
      while (stream_.readable()) {
        const auto read = stream_.read(piece.data(), piece.size());
        if (read.size == 0) break;
        got.append(piece.data(), read.size);
      }
    }
    return got;
  }

  std::string to_client(const net::Gather& gather, std::size_t size) {
    stream_.note(EPOLLOUT);
    EXPECT_TRUE(stream_.write(gather));
    std::string got;
    std::array<char, 70000> piece{};
    for (int turn = 0; turn < 10'000 && got.size() < size; ++turn) {
      std::size_t read = 0;
      while (::SSL_read_ex(client_.get(), piece.data(), piece.size(), &read) == 1) {
        got.append(piece.data(), read);
      }
      stream_.note(EPOLLOUT);
      stream_.flush();
    }
    return got;
  }
  std::string to_client(const std::string& bytes) {
    net::Gather gather;
    gather.add(bytes);
    return to_client(gather, bytes.size());
  }

  long serial() const {
    const CertificatePtr leaf(::SSL_get1_peer_certificate(client_.get()));
    return leaf ? ::ASN1_INTEGER_get(::X509_get_serialNumber(leaf.get())) : 0;
  }
  bool resumed() const { return ::SSL_session_reused(client_.get()) == 1; }
  // Of TLS 1.3 only after something was read.
  std::unique_ptr<SSL_SESSION, Freed<SSL_SESSION_free>> session() {
    return std::unique_ptr<SSL_SESSION, Freed<SSL_SESSION_free>>(
        ::SSL_get1_session(client_.get()));
  }
  std::string protocol() const { return std::string(stream_.filter()->protocol()); }
  std::string name() const { return std::string(stream_.filter()->server_name()); }
  unsigned char alert() {
    const unsigned long code = ::ERR_peek_last_error();
    ::ERR_clear_error();
    return static_cast<unsigned char>(ERR_GET_REASON(code) - SSL_AD_REASON_OFFSET);
  }
  net::Stream& stream() { return stream_; }
  SSL* client() { return client_.get(); }

 private:
  net::Stream stream_;
  UniqueFd fd_;
  ContextPtr context_;
  SslPtr client_;
};

class TlsServer : public testing::Test {
 protected:
  TlsServer() : server_(make()) {}

  std::unique_ptr<Server> make(Options options = {}) {
    auto server = Server::create(
        [this](const Hello& hello) {
          const auto found = names_.find(std::string(hello.challenge ? "acme " : "") +
                                         std::string(hello.server_name));
          return found == names_.end() ? std::vector<std::string>() : found->second;
        },
        options);
    return std::move(*server);
  }
  void serve(const std::string& name, const std::vector<Certificate>& certificates) {
    names_[name].clear();
    for (const Certificate& each : certificates) {
      server_->add(each);
      names_[name].push_back(each.id);
    }
  }

  std::map<std::string, std::vector<std::string>> names_;
  std::unique_ptr<Server> server_;
};

TEST_F(TlsServer, TheNameChoosesTheCertificate) {
  serve("a.test", {made_certificate('a', {"a.test"})});
  serve("b.test", {made_certificate('b', {"b.test"})});
  for (const auto& [name, serial] : std::map<std::string, long>{{"a.test", 'a'}, {"b.test", 'b'}}) {
    Talk talk(*server_, {.name = name});
    ASSERT_TRUE(talk.shake());
    EXPECT_EQ(talk.serial(), serial);
    EXPECT_EQ(talk.name(), name);
  }
}

TEST_F(TlsServer, UnknownNamesAreRefusedByName) {
  serve("a.test", {made_certificate('a', {"a.test"})});
  for (const char* name : {"b.test", ""}) {
    Talk talk(*server_, {.name = name});
    EXPECT_FALSE(talk.shake());
    EXPECT_EQ(talk.alert(), kAlertUnrecognizedName);
  }
}

TEST_F(TlsServer, TheDefaultCertificateAnswersForTheRest) {
  const Certificate fallback = made_certificate('d', {"d.test"});
  server_->add(fallback);
  server_->set_default(fallback.id);
  Talk talk(*server_, {.name = "b.test"});
  ASSERT_TRUE(talk.shake());
  EXPECT_EQ(talk.serial(), 'd');
  EXPECT_EQ(talk.name(), "");
  server_->forget(fallback.id);
  Talk later(*server_, {.name = "b.test"});
  EXPECT_FALSE(later.shake());
}

TEST_F(TlsServer, EcdsaAndRsaStandSideBySide) {
  serve("a.test", {made_certificate('e', {"a.test"}),
                   made_certificate('r', {"a.test"}, KeyKind::rsa)});
  Talk modern(*server_, {.name = "a.test"});
  ASSERT_TRUE(modern.shake());
  EXPECT_EQ(modern.serial(), 'e');
  Talk old(*server_, {.name = "a.test", .signatures = "RSA-PSS+SHA256:RSA+SHA256"});
  ASSERT_TRUE(old.shake());
  EXPECT_EQ(old.serial(), 'r');
}

TEST_F(TlsServer, OfSeveralTheOneForTheNameAnswers) {
  serve("*", {made_certificate('a', {"a.test"}), made_certificate('w', {"*.w.test"})});
  names_["x.w.test"] = names_["*"];
  Talk talk(*server_, {.name = "x.w.test"});
  ASSERT_TRUE(talk.shake());
  EXPECT_EQ(talk.serial(), 'w');
}

TEST_F(TlsServer, AChangeConcernsNoOpenConnection) {
  serve("a.test", {made_certificate('a', {"a.test"})});
  Talk open(*server_, {.name = "a.test"});
  ASSERT_TRUE(open.shake());
  const std::string old = names_["a.test"].front();
  serve("a.test", {made_certificate('b', {"a.test"})});
  server_->forget(old);
  EXPECT_EQ(open.to_server("still here"), "still here");
  EXPECT_EQ(open.to_client("indeed"), "indeed");
  Talk fresh(*server_, {.name = "a.test"});
  ASSERT_TRUE(fresh.shake());
  EXPECT_EQ(fresh.serial(), 'b');
}

TEST_F(TlsServer, BytesOfAnySizePassBothWays) {
  serve("a.test", {made_certificate('a', {"a.test"})});
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Talk talk(*server_, {.name = "a.test", .version_max = version});
    ASSERT_TRUE(talk.shake());
    const std::string big(300'000, 'x');
    EXPECT_EQ(talk.to_server(big), big);
    net::Gather gather;
    const std::string head = "head ";
    gather.add(head);
    gather.add(big);
    EXPECT_EQ(talk.to_client(gather, big.size() + 5), head + big);
    EXPECT_EQ(talk.to_client("small"), "small");
  }
}

TEST_F(TlsServer, AGoodbyeIsAnOrderlyEnd) {
  serve("a.test", {made_certificate('a', {"a.test"})});
  Talk talk(*server_, {.name = "a.test"});
  ASSERT_TRUE(talk.shake());
  ::SSL_shutdown(talk.client());
  std::array<char, 100> piece{};
  talk.stream().note(EPOLLIN);
  EXPECT_TRUE(talk.stream().read(piece.data(), piece.size()).end);
}

TEST_F(TlsServer, GarbageFailsAndIsToldSo) {
  Talk talk(*server_, {});
  std::array<char, 1000> piece{};
  const std::string garbage = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
  BIO* wire = ::SSL_get_wbio(talk.client());
  ::BIO_write(wire, garbage.data(), static_cast<int>(garbage.size()));
  talk.stream().note(EPOLLIN | EPOLLOUT);
  EXPECT_TRUE(talk.stream().read(piece.data(), piece.size()).failed);
  EXPECT_TRUE(talk.stream().read(piece.data(), piece.size()).failed);
}

TEST_F(TlsServer, TicketsOfOneWorkerAreGoodAtAnother) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TicketKeys keys = *TicketKeys::make();
    const Certificate certificate = made_certificate('a', {"a.test"});
    serve("a.test", {certificate});
    server_->set_tickets(keys);
    const auto other = make();
    other->add(certificate);
    other->set_tickets(*TicketKeys::decode(keys.encode()));
    Talk first(*server_, {.name = "a.test", .version_max = version});
    ASSERT_TRUE(first.shake());
    EXPECT_EQ(first.to_client("x"), "x");
    const auto session = first.session();
    const auto again = [&](Server& server) {
      Talk talk(server,
                {.name = "a.test", .session = session.get(), .version_max = version});
      return talk.shake() && talk.resumed();
    };
    EXPECT_FALSE(first.resumed());
    EXPECT_TRUE(again(*other));
    ASSERT_TRUE(keys.rotate());
    other->set_tickets(keys);
    EXPECT_TRUE(again(*other));
    ASSERT_TRUE(keys.rotate());
    other->set_tickets(keys);
    EXPECT_FALSE(again(*other));
  }
}

TEST_F(TlsServer, H2IsOfferedOnlyWhenTheSessionSpeaksIt) {
  serve("a.test", {made_certificate('a', {"a.test"})});
  const std::string both("\x02h2\x08http/1.1", 12);
  Talk plain(*server_, {.name = "a.test", .alpn = both});
  ASSERT_TRUE(plain.shake());
  EXPECT_EQ(plain.protocol(), "http/1.1");
  const auto modern = make({.offer_h2 = true});
  modern->add(made_certificate('a', {"a.test"}));
  Talk h2(*modern, {.name = "a.test", .alpn = both});
  ASSERT_TRUE(h2.shake());
  EXPECT_EQ(h2.protocol(), "h2");
  Talk silent(*modern, {.name = "a.test"});
  ASSERT_TRUE(silent.shake());
  EXPECT_EQ(silent.protocol(), "");
}

TEST_F(TlsServer, AuthoritiesGetTheChallengesCertificate) {
  serve("a.test", {made_certificate('a', {"a.test"})});
  serve("acme a.test", {made_certificate('c', {"a.test"})});
  Talk talk(*server_, {.name = "a.test", .alpn = "\x0a" "acme-tls/1"});
  ASSERT_TRUE(talk.shake());
  EXPECT_EQ(talk.serial(), 'c');
  EXPECT_EQ(talk.protocol(), "acme-tls/1");
}

TEST(TlsCheck, SaysWhatIsWrong) {
  const Certificate good = made_certificate('a', {"a.test"});
  EXPECT_TRUE(check(good));
  Certificate mixed = good;
  mixed.key = made_certificate('b', {"a.test"}).key;
  EXPECT_NE(check(mixed).error().message().find("does not belong"), std::string::npos);
  Certificate none = good;
  none.chain = "hello";
  EXPECT_FALSE(check(none));
  none = good;
  none.key = "hello";
  EXPECT_FALSE(check(none));
}

}  // namespace
}  // namespace dokku::proxy::tls
