#include "server/setup_page/site.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

#include "proxy/http/message.h"
#include "server/setup_page/form.h"
#include "server/setup_page/pages.h"

namespace dokku::server {
namespace {

constexpr std::string_view kFolder = "/setup/";
constexpr std::size_t kTokenDigits = 32;

// Empty: not the path of a link.
std::string token_of(std::string_view target) {
  target = target.substr(0, target.find('?'));
  if (!target.starts_with(kFolder)) return {};
  target.remove_prefix(kFolder.size());
  const bool digits = std::all_of(target.begin(), target.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  return digits && target.size() == kTokenDigits ? std::string(target) : std::string();
}

// What a person typed to get here is the address that others get here by, too: behind a router the
// server itself knows another.
std::string address_seen(std::string host, const std::string& known) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  in6_addr any{};
  const bool literal = ::inet_pton(AF_INET, host.c_str(), &any) == 1 ||
                       ::inet_pton(AF_INET6, host.c_str(), &any) == 1;
  const bool far = !host.starts_with("127.") && host != "::1";
  return literal && far ? host : known;
}

std::string stripped(const std::string& text) {
  const std::size_t from = text.find_first_not_of(" \t\r\n");
  if (from == text.npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

SetupForm form_of(std::map<std::string, std::string>& fields) {
  SetupForm form{std::move(fields["keys"]), fields["way"], stripped(fields["domain"]),
                 stripped(fields["address"])};
  // What should never have left its computer is not shown again.
  if (form.keys.find("PRIVATE KEY") != std::string::npos) form.keys.clear();
  return form;
}

WebAnswer not_understood() { return {400, trouble_page("The form was not understood")}; }

WebAnswer in_trouble(const Error& error) {
  return {503, trouble_page(error.message() + "\nTry again in a moment.")};
}

}  // namespace

WebAnswer Site::answer(const WebRequest& request, TimePoint now) {
  const bool looks = request.method == "GET" || request.method == "HEAD";
  if (!looks && request.method != "POST") return {405, trouble_page("GET and POST are served")};
  if (!request.target.starts_with(kFolder)) return {404, link_is_elsewhere_page()};
  if (guesses_.too_many(request.client, now)) return {429, too_many_guesses_page()};
  const std::string token = token_of(request.target);
  if (!token.empty()) return at_link(request, token, now);
  guesses_.note(request.client, now);
  return {404, useless_link_page()};
}

WebAnswer Site::at_link(const WebRequest& request, const std::string& token, TimePoint now) {
  SetupQuestion question{.token = token};
  SetupForm form;
  if (request.method == "POST") {
    auto fields = parse_form(request.body);
    if (!fields) return not_understood();
    const std::string keys = (*fields)["keys"];
    form = form_of(*fields);
    if (form.way != "domain" && form.way != "ip" && form.way != "none") return not_understood();
    question = {true, token, keys, form.way == "domain" ? form.domain : form.way, form.address};
  }
  const Result<SetupReply> reply = ask_(question);
  if (!reply) return in_trouble(reply.error());
  switch (reply->kind) {
    case SetupReply::Kind::useless:
      guesses_.note(request.client, now);
      return {404, useless_link_page()};
    case SetupReply::Kind::done:
      return {200, done_page(*reply)};
    case SetupReply::Kind::refused:
      return {422, form_page(form, *reply)};
    case SetupReply::Kind::form:
      form.address = address_seen(request.host, reply->address);
      form.domain = reply->domain;
      return {200, form_page(form, *reply)};
  }
  return not_understood();
}

std::string http_bytes(const WebAnswer& answer, bool with_page) {
  std::string head = "HTTP/1.1 " + std::to_string(answer.status) + " ";
  head += proxy::http::reason_phrase(answer.status);
  head += "\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: ";
  head += std::to_string(answer.page.size());
  if (answer.status == 429) head += "\r\nRetry-After: 60";
  if (answer.status == 405) head += "\r\nAllow: GET, HEAD, POST";
  head += "\r\nContent-Security-Policy: " + setup_page_policy();
  // The address is the secret: it is told to nobody and kept nowhere.
  head += "\r\nReferrer-Policy: no-referrer\r\nCache-Control: no-store";
  head += "\r\nX-Content-Type-Options: nosniff\r\nX-Robots-Tag: noindex";
  head += "\r\nConnection: close\r\n\r\n";
  return with_page ? head + answer.page : head;
}

}  // namespace dokku::server
