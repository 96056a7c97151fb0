#include "cli/output/masking_session.h"

#include <algorithm>

namespace dokku::cli {
namespace {

constexpr std::size_t kSecretMin = 6;
constexpr std::string_view kMask = "****";

void replace_all(std::string& text, std::string_view what) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += kMask.size()) {
    text.replace(at, what.size(), kMask);
  }
}

// Between "://user:" and the '@' that ends who one is.
void mask_urls(std::string& text) {
  for (std::size_t at = 0; (at = text.find("://", at)) != std::string::npos;) {
    at += 3;
    const std::size_t end = std::min(text.find_first_of("/ \n\t'\"", at), text.size());
    const std::size_t host = text.rfind('@', end);
    if (host == std::string::npos || host < at) continue;
    const std::size_t colon = text.find(':', at);
    const std::size_t from = colon < host ? colon + 1 : at;  // a token alone is a secret, too
    text.replace(from, host - from, kMask);
  }
}

}  // namespace

std::string masked(std::string text, const std::vector<std::string>& secrets) {
  std::vector<std::string> longest_first;
  for (const std::string& secret : secrets) {
    if (secret.size() >= kSecretMin) longest_first.push_back(secret);
  }
  std::sort(longest_first.begin(), longest_first.end(),
            [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  for (const std::string& secret : longest_first) replace_all(text, secret);
  mask_urls(text);
  return text;
}

}  // namespace dokku::cli
