#include "server/model/domain.h"

#include <arpa/inet.h>

#include "server/model/app_name.h"

namespace dokku::server {
namespace {

constexpr std::size_t kNameMax = 253;
constexpr std::size_t kLabelMax = 63;

bool valid_label(std::string_view label, bool first) {
  if (label.empty() || label.size() > kLabelMax) return false;
  if (label == "*") return first;
  for (const char c : label) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!letter && c != '-') return false;
  }
  return label.front() != '-' && label.back() != '-';
}

bool valid_name(std::string_view name) {
  if (name == "_") return true;
  if (name.empty() || name.size() > kNameMax || name == "*") return false;
  for (bool first = true;; first = false) {
    const std::size_t dot = name.find('.');
    if (!valid_label(name.substr(0, dot), first)) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

}  // namespace

Result<Domain> Domain::parse(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
  if (!valid_name(lower)) {
    return fail(Errc::invalid_argument, printable(text) + " is invalid. exiting...");
  }
  return Domain(std::move(lower));
}

Result<std::vector<Domain>> parse_domains(std::string_view text) {
  std::vector<Domain> domains;
  if (!text.starts_with('.') || text.size() < 2) {
    const Domain domain = TRY(Domain::parse(text));
    domains.push_back(domain);
    return domains;
  }
  const Result<Domain> name = Domain::parse(text.substr(1));
  const Result<Domain> below = Domain::parse("*" + std::string(text));
  if (!name || !below || name->wildcard()) {
    return fail(Errc::invalid_argument, printable(text) + " is invalid. exiting...");
  }
  domains.push_back(*name);
  domains.push_back(*below);
  return domains;
}

bool Domain::is_address() const {
  in_addr address{};
  return ::inet_pton(AF_INET, str().c_str(), &address) == 1;
}

}  // namespace dokku::server
