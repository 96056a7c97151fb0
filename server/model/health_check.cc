#include "server/model/health_check.h"

#include <algorithm>
#include <charconv>

namespace dokku::server {
namespace {

constexpr std::size_t kFileBytesMax = 64 << 10;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

Error at_line(unsigned line, const std::string& what) {
  return {Errc::invalid_argument, "CHECKS, line " + std::to_string(line) + ": " + what};
}

// {{ var "NAME" }}
std::string expanded(std::string_view text, const std::map<std::string, std::string>& config) {
  std::string out;
  for (;;) {
    const auto open = text.find("{{");
    const auto close = open == std::string_view::npos ? open : text.find("}}", open);
    if (close == std::string_view::npos) return out.append(text);
    std::string_view inner = trimmed(text.substr(open + 2, close - open - 2));
    out.append(text.substr(0, open));
    if (inner.starts_with("var")) {
      inner = trimmed(inner.substr(3));
      if (inner.size() >= 2 && inner.front() == '"' && inner.back() == '"') {
        const auto found = config.find(std::string(inner.substr(1, inner.size() - 2)));
        if (found != config.end()) out += found->second;
      }
    } else {
      out.append(text.substr(open, close + 2 - open));
    }
    text.remove_prefix(close + 2);
  }
}

std::optional<unsigned> setting(std::string_view line, std::string_view name) {
  if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != '=') {
    return std::nullopt;
  }
  unsigned value = 0;
  const std::string_view text = line.substr(name.size() + 1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view rest = trimmed(text.substr(static_cast<std::size_t>(end - text.data())));
  if (error != std::errc() || (!rest.empty() && rest.front() != '#')) return std::nullopt;
  return value;
}

// False: it is none of the three.
bool read_setting(std::string_view line, ChecksFileDefaults& settings) {
  const unsigned most = static_cast<unsigned>(kCheckSecondsMax.count());
  if (const auto wait = setting(line, "WAIT"); wait && *wait <= most) {
    settings.wait = std::chrono::seconds(*wait);
  } else if (const auto limit = setting(line, "TIMEOUT"); limit && *limit > 0 && *limit <= most) {
    settings.timeout = std::chrono::seconds(*limit);
  } else if (const auto count = setting(line, "ATTEMPTS");
             count && *count > 0 && *count <= kCheckAttemptsMax) {
    settings.attempts = *count;
  } else {
    return false;
  }
  return true;
}

// False: it is neither a path nor a URL.
bool read_address(std::string_view address, HealthCheck& check) {
  if (address.starts_with("https:")) check.https = true;
  for (const std::string_view scheme : {"https:", "http:"}) {
    if (address.starts_with(scheme)) address.remove_prefix(scheme.size());
  }
  if (address.starts_with("//")) {
    address.remove_prefix(2);
    const auto slash = std::min(address.find('/'), address.size());
    check.host = std::string(address.substr(0, slash));
    address.remove_prefix(slash);
    if (check.host.empty()) return false;
    if (address.empty()) address = "/";
  }
  check.path = std::string(address);
  return check.path.starts_with('/') && fits_request_line(check.path) &&
         fits_request_line(check.host);
}

}  // namespace

bool fits_request_line(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) != 0x7f;
  });
}

std::string HealthCheck::description(std::uint16_t app_port) const {
  const std::string used_port = std::to_string(port == 0 ? app_port : port);
  const std::string tries = "attempts=" + std::to_string(attempts);
  const std::string times = " timeout=" + std::to_string(timeout.count());
  const std::string pause = " wait=" + std::to_string(wait.count());
  switch (kind) {
    case Kind::path:
      return tries + " path='" + path + "' port=" + used_port + times + " type='path'" + pause;
    case Kind::listening:
      return tries + " port=" + used_port + times + " type='listening'" + pause;
    case Kind::command: {
      std::string words;
      for (const std::string& word : command) words += (words.empty() ? "" : " ") + word;
      return tries + " command='" + words + "'" + times + " type='command'" + pause;
    }
    case Kind::uptime:
      return "type='uptime' uptime=" + std::to_string(uptime.count());
  }
  return {};
}

Result<std::vector<HealthCheck>> parse_checks_file(std::string_view text,
                                                   const std::map<std::string, std::string>& config,
                                                   const ChecksFileDefaults& defaults) {
  if (text.size() > kFileBytesMax) return fail(Errc::limit_exceeded, "CHECKS is over 64 kB");
  const std::string whole = expanded(text, config);
  ChecksFileDefaults settings = defaults;
  std::vector<HealthCheck> checks;
  std::string_view rest = whole;
  for (unsigned number = 1; !rest.empty(); ++number) {
    const auto end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = trimmed(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.empty() || line.starts_with('#') || read_setting(line, settings)) continue;
    HealthCheck check;
    check.kind = HealthCheck::Kind::path;
    const auto space = std::min(line.find_first_of(" \t"), line.size());
    if (!read_address(line.substr(0, space), check)) {
      return Fail(at_line(number, "expected a path, a URL, or WAIT=, TIMEOUT=, ATTEMPTS="));
    }
    check.content = std::string(trimmed(line.substr(space)));
    check.name = "check-" + std::to_string(checks.size() + 1);
    checks.push_back(std::move(check));
  }
  for (HealthCheck& check : checks) {
    check.wait = settings.wait;
    check.timeout = settings.timeout;
    check.attempts = settings.attempts;
  }
  return checks;
}

}  // namespace dokku::server
