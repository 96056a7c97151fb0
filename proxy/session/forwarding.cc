#include "proxy/session/forwarding.h"

#include <algorithm>

namespace dokku::proxy::session {
namespace {

using Forwarded = Settings::Forwarded;

constexpr std::size_t kValueBytesMax = 1024;
constexpr std::size_t kRequestIdBytesMax = 128;

bool same_name(std::string_view a, std::string_view lower) {
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? static_cast<char>(x + ('a' - 'A')) : x) == y;
  });
}

// The client's fields of this name, in one list. The head marks them as dropped: nothing passes
// them on by itself.
void append_said(std::string& out, const http::RequestHead& head, std::string_view name) {
  const std::size_t start = out.size();
  for (const http::Field& field : head.fields) {
    if (!http::is_forwarding(field.id) || !same_name(field.name, name)) continue;
    if (field.value.empty() || out.size() - start + field.value.size() > kValueBytesMax) continue;
    if (out.size() > start) out += ", ";
    out += field.value;
  }
}

bool is_request_id(std::string_view text) {
  return !text.empty() && text.size() <= kRequestIdBytesMax &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  std::string_view("-_.:/+=").find(c) != std::string_view::npos;
         });
}

// Where values stand in context.forwarded while it still grows.
struct Piece {
  std::size_t from = 0;
  std::size_t size = 0;
  std::string_view in(const std::string& all) const {
    return std::string_view(all).substr(from, size);
  }
};

class Teller {
 public:
  Teller(Context& context, const http::RequestHead& head) : out_(context.forwarded), head_(head) {
    out_.clear();
  }

  Piece said(std::string_view name) {
    const std::size_t from = out_.size();
    append_said(out_, head_, name);
    return {from, out_.size() - from};
  }
  // X-Forwarded-For: who the client was before us, and who it is to us.
  Piece client(Forwarded how, std::string_view ip) {
    Piece piece;
    piece.from = out_.size();
    if (how != Forwarded::replace) append_said(out_, head_, "x-forwarded-for");
    const bool none = out_.size() == piece.from;
    if (none || how != Forwarded::keep) {
      if (!none) out_ += ", ";
      out_ += ip;
    }
    piece.size = out_.size() - piece.from;
    return piece;
  }

 private:
  std::string& out_;
  const http::RequestHead& head_;
};

}  // namespace

h1::Forwarding forwarding(Context& context, const route::Route& route,
                          const http::RequestHead& head, const Origin& origin) {
  const Settings& settings = route.group.settings;
  h1::Forwarding told{origin.client_ip, origin.tls ? "https" : "http", origin.port_text, {}, {}};
  told.ssl = settings.x_forwarded_ssl;
  told.underscores = settings.underscore_in_headers;
  if (!route.heeds_clients) {
    told.request_id = context.new_request_id();
    told.request_start = context.request_start();
    return told;
  }
  const bool trusted = origin.peer != nullptr && route.trusts(*origin.peer);
  const auto kept = [&](Forwarded how) { return trusted || how != Forwarded::replace; };
  Teller teller(context, head);
  const Forwarded how = trusted && settings.x_forwarded_for == Forwarded::replace
                            ? Forwarded::append
                            : settings.x_forwarded_for;
  const Piece client = teller.client(how, origin.client_ip);
  const Piece proto = kept(settings.x_forwarded_proto) ? teller.said("x-forwarded-proto") : Piece{};
  const Piece port = kept(settings.x_forwarded_port) ? teller.said("x-forwarded-port") : Piece{};
  const Piece host = kept(settings.x_forwarded_host) ? teller.said("x-forwarded-host") : Piece{};
  const Piece id = trusted ? teller.said("x-request-id") : Piece{};
  const Piece start = trusted ? teller.said("x-request-start") : Piece{};
  const std::string& all = context.forwarded;
  told.client_address = client.in(all);
  if (proto.size > 0) told.proto = proto.in(all);
  if (port.size > 0) told.port = port.in(all);
  told.host = host.in(all);
  const bool good_id = is_request_id(id.in(all));
  told.request_id = good_id ? id.in(all) : context.new_request_id();
  told.request_start = start.size > 0 ? start.in(all) : context.request_start();
  return told;
}

}  // namespace dokku::proxy::session
