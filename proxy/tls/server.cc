#include "proxy/tls/server.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/log.h"
#include "proxy/tls/client_hello.h"
#include "proxy/tls/connection.h"
#include "proxy/tls/openssl.h"

namespace dokku::proxy::tls {
namespace {

constexpr std::string_view kAcmeProtocol = "acme-tls/1";
// As ALPN writes them: each with its length before it.
constexpr std::string_view kH2AndH1("\x02h2\x08http/1.1", 12);
constexpr std::string_view kH1("\x08http/1.1", 9);
constexpr std::string_view kAcme("\x0a" "acme-tls/1", 11);

std::string_view extension(SSL* ssl, unsigned kind) {
  const unsigned char* bytes = nullptr;
  std::size_t size = 0;
  if (::SSL_client_hello_get0_ext(ssl, kind, &bytes, &size) != 1) return {};
  return {reinterpret_cast<const char*>(bytes), size};
}

const ASN1_OCTET_STRING* other_names(const X509* leaf) {
  const int at = ::X509_get_ext_by_NID(leaf, NID_subject_alt_name, -1);
  return at < 0 ? nullptr : ::X509_EXTENSION_get_data(::X509_get_ext(leaf, at));
}

bool same_names(const X509* a, const X509* b) {
  if (::X509_NAME_cmp(::X509_get_subject_name(a), ::X509_get_subject_name(b)) != 0) return false;
  const ASN1_OCTET_STRING* left = other_names(a);
  const ASN1_OCTET_STRING* right = other_names(b);
  if (left == nullptr || right == nullptr) return left == right;
  return ::ASN1_OCTET_STRING_cmp(left, right) == 0;
}

class OpenSslServer final : public Server {
 public:
  OpenSslServer(Choose choose, Options options, BioMethodPtr method, ContextPtr base)
      : choose_(std::move(choose)),
        options_(options),
        method_(std::move(method)),
        base_(std::move(base)) {}

  Result<> start();
  void add(const Certificate& certificate) override {
    certificates_[certificate.id] = certificate;
  }
  void forget(const std::string& id) override;
  void set_default(const std::string& id) override { default_ = id; }
  void set_tickets(const TicketKeys& keys) override { tickets_ = keys; }
  std::unique_ptr<net::Filter> accept(std::uint16_t port, bool own_port) override;

 private:
  // Certificates for the same names, one per kind of key, in one context: the client's offer
  // decides between them.
  struct Contexts {
    std::vector<std::string> ids;
    std::vector<std::pair<Identity, ContextPtr>> all;
  };

  static int on_hello(SSL* ssl, int* alert, void* self);
  static int on_protocols(SSL* ssl, const unsigned char** out, unsigned char* out_size,
                          const unsigned char* in, unsigned in_size, void* self);
  SSL_CTX* context_for(const std::vector<std::string>& ids, const std::string& name);
  Contexts build(const std::vector<std::string>& ids);
  Result<ContextPtr> fresh_context(const std::vector<std::string>& ids);

  Choose choose_;
  Options options_;
  BioMethodPtr method_;
  ContextPtr base_;
  TicketKeys tickets_;
  Workbench bench_;
  std::string default_;
  std::map<std::string, Certificate> certificates_;  // by id
  std::map<std::string, Contexts> contexts_;         // by ids, joined
};

Result<> OpenSslServer::start() {
  tickets_ = TRY(TicketKeys::make());
  ::SSL_CTX_set_client_hello_cb(base_.get(), on_hello, this);
  ::SSL_CTX_set_alpn_select_cb(base_.get(), on_protocols, this);
  use_tickets(base_.get(), &tickets_);
  return {};
}

void OpenSslServer::forget(const std::string& id) {
  certificates_.erase(id);
  std::erase_if(contexts_, [&](const auto& entry) {
    const auto& ids = entry.second.ids;
    return std::find(ids.begin(), ids.end(), id) != ids.end();
  });
  if (default_ == id) default_.clear();
}

std::unique_ptr<net::Filter> OpenSslServer::accept(std::uint16_t port, bool own_port) {
  SslPtr ssl(::SSL_new(base_.get()));
  if (!ssl) return nullptr;
  std::unique_ptr<Connection> connection =
      Connection::create(std::move(ssl), method_.get(), bench_);
  if (!connection) return nullptr;
  connection->port = port;
  connection->own_port = own_port;
  return connection;
}

// The first callback of a handshake: everything about the certificate is decided here.
int OpenSslServer::on_hello(SSL* ssl, int* alert, void* self) {
  auto& server = *static_cast<OpenSslServer*>(self);
  auto& connection = *static_cast<Connection*>(SSL_get_app_data(ssl));
  const std::string_view sni = extension(ssl, TLSEXT_TYPE_server_name);
  const std::string name = sni.empty() ? "" : server_name(sni).value_or("");
  const std::string_view alpn =
      extension(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation);
  const bool challenge = offers(alpn, kAcmeProtocol);
  std::vector<std::string> ids =
      server.choose_({connection.port, connection.own_port, name, challenge});
  const bool fallback = ids.empty() && !challenge && !server.default_.empty();
  if (fallback) ids = {server.default_};
  SSL_CTX* context = ids.empty() ? nullptr : server.context_for(ids, name);
  if (context == nullptr) {
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_CLIENT_HELLO_ERROR;
  }
  // A connection under the default certificate promises no name, so it is held to none.
  if (!fallback) connection.set_server_name(name);
  ::SSL_set_SSL_CTX(ssl, context);
  return SSL_CLIENT_HELLO_SUCCESS;
}

int OpenSslServer::on_protocols(SSL*, const unsigned char** out, unsigned char* out_size,
                                const unsigned char* in, unsigned in_size, void* self) {
  const auto& server = *static_cast<OpenSslServer*>(self);
  std::string_view ours = server.options_.offer_h2 ? kH2AndH1 : kH1;
  // Its caller got the certificate that it asked for, and nothing else.
  const std::string_view theirs(reinterpret_cast<const char*>(in), in_size);
  if (theirs == kAcme) ours = kAcme;
  unsigned char* chosen = nullptr;
  const int outcome = ::SSL_select_next_proto(
      &chosen, out_size, reinterpret_cast<const unsigned char*>(ours.data()),
      static_cast<unsigned>(ours.size()), in, in_size);
  if (outcome != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

SSL_CTX* OpenSslServer::context_for(const std::vector<std::string>& ids, const std::string& name) {
  std::string key;
  for (const std::string& id : ids) key += id;
  auto found = contexts_.find(key);
  if (found == contexts_.end()) found = contexts_.emplace(key, build(ids)).first;
  const auto& all = found->second.all;
  for (const auto& [identity, context] : all) {
    if (!name.empty() && names(identity, name)) return context.get();
  }
  return all.empty() ? nullptr : all.front().second.get();
}

OpenSslServer::Contexts OpenSslServer::build(const std::vector<std::string>& ids) {
  Contexts contexts{ids, {}};
  std::vector<std::pair<std::vector<int>, X509*>> kinds;  // of each context: keys, leaf
  for (const std::string& id : ids) {
    const auto found = certificates_.find(id);
    if (found == certificates_.end()) continue;
    Result<Identity> identity = read_identity(found->second);
    if (!identity) {
      log::error("certificate " + id.substr(0, 12) + ": " + identity.error().message());
      continue;
    }
    const int kind = ::EVP_PKEY_get_base_id(identity->key.get());
    std::size_t at = 0;
    for (; at < contexts.all.size(); ++at) {
      const auto& [keys, leaf] = kinds[at];
      if (same_names(leaf, identity->chain[0].get()) &&
          std::find(keys.begin(), keys.end(), kind) == keys.end()) {
        break;
      }
    }
    if (at == contexts.all.size()) {
      Result<ContextPtr> context = fresh_context(ids);
      if (!context || !use(context->get(), *identity)) continue;
      kinds.push_back({{kind}, identity->chain.front().get()});
      contexts.all.emplace_back(std::move(*identity), std::move(*context));
    } else if (use(contexts.all[at].second.get(), *identity)) {
      kinds[at].first.push_back(kind);
    }
  }
  return contexts;
}

// Sessions are resumed under the very same certificates only.
Result<ContextPtr> OpenSslServer::fresh_context(const std::vector<std::string>& ids) {
  ContextPtr context = TRY(new_context());
  const std::string& first = ids.front();
  const std::size_t size = std::min<std::size_t>(first.size(), SSL_MAX_SID_CTX_LENGTH);
  ::SSL_CTX_set_session_id_context(context.get(),
                                   reinterpret_cast<const unsigned char*>(first.data()),
                                   static_cast<unsigned>(size));
  ::SSL_CTX_set_alpn_select_cb(context.get(), on_protocols, this);
  use_tickets(context.get(), &tickets_);
  return context;
}

}  // namespace

Result<std::unique_ptr<Server>> Server::create(Choose choose, Options options) {
  BioMethodPtr method = Connection::new_method();
  if (!method) return complaint("no BIO method");
  ContextPtr base = TRY(new_context());
  auto server = std::make_unique<OpenSslServer>(std::move(choose), options, std::move(method),
                                                std::move(base));
  TRY(server->start());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace dokku::proxy::tls
