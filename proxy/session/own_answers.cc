#include "proxy/session/own_answers.h"

#include <algorithm>

namespace dokku::proxy::session {
namespace {

constexpr std::string_view kChallengePath = "/.well-known/acme-challenge/";
constexpr std::uint16_t kHttpsPort = 443;
constexpr std::string_view kMaintenancePage =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Maintenance</title>"
    "<h1>Maintenance</h1><p>This app is being worked on. Please come back in a while.</p></html>\n";

const Challenge* challenge_for(const Group& group, std::string_view target) {
  if (group.challenges.empty() || !target.starts_with(kChallengePath)) return nullptr;
  target.remove_prefix(kChallengePath.size());
  for (const Challenge& each : group.challenges) {
    if (!each.token.empty() && each.token == target) return &each;
  }
  return nullptr;
}

// What a browser may repeat as GET is told so by 301, the rest by 308.
OwnAnswer redirect(const http::RequestHead& head, std::uint16_t port) {
  const bool plain = head.method_id == http::Method::get || head.method_id == http::Method::head;
  OwnAnswer answer{plain ? 301 : 308, {}};
  answer.location = "https://" + std::string(head.host);
  if (port != kHttpsPort) answer.location += ":" + std::to_string(port);
  if (head.slash_missing) answer.location += "/";
  if (head.target != "*") answer.location += head.target;
  return answer;
}

bool same_host(std::string_view a, std::string_view lower) {
  if (a.ends_with('.')) a.remove_suffix(1);
  return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [](char x, char y) {
    return (x >= 'A' && x <= 'Z' ? static_cast<char>(x + ('a' - 'A')) : x) == y;
  });
}

}  // namespace

std::optional<OwnAnswer> own_answer(const route::Route& route, const route::Entrance& entrance,
                                    const http::RequestHead& head, const Origin& origin) {
  const Group& group = route.group;
  if (const Challenge* challenge = challenge_for(group, head.target); challenge != nullptr) {
    return OwnAnswer{200, challenge->answer, "text/plain"};
  }
  const std::uint16_t https = entrance.listener.redirect_to;
  if (https != 0 && !origin.tls && !head.host.empty()) return redirect(head, https);
  if (!group.settings.maintenance) return std::nullopt;
  const std::string& page = group.settings.maintenance_page;
  OwnAnswer answer{503, page.empty() ? kMaintenancePage : std::string_view(page)};
  answer.retry_after = group.settings.retry_after;
  return answer;
}

bool misdirected(const Context& context, const route::Route& route, const http::RequestHead& head,
                 const Origin& origin) {
  if (origin.server_name.empty() || same_host(head.host, origin.server_name)) return false;
  const auto agreed = context.routes.find(origin.port, origin.own_port, origin.server_name);
  if (agreed.route == nullptr) return false;
  const Group& other = (*agreed.route)->group;
  if (other.key == route.group.key) return false;
  const auto& ours = route.group.certificates;
  return std::none_of(ours.begin(), ours.end(), [&](const std::string& id) {
    return std::find(other.certificates.begin(), other.certificates.end(), id) !=
           other.certificates.end();
  });
}

}  // namespace dokku::proxy::session
