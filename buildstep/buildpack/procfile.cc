#include "buildstep/buildpack/procfile.h"

#include <algorithm>
#include <array>

namespace dokku::buildstep {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string_view trim(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// The value of a .env line: one pair of quotes is taken off; in double quotes \n, \", \\ count.
std::string unquote(std::string_view text) {
  text = trim(text);
  if (text.size() >= 2 && text.front() == '\'' && text.back() == '\'') {
    return std::string(text.substr(1, text.size() - 2));
  }
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  text = text.substr(1, text.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char next = text[++i];
    if (next != 'n' && next != '"' && next != '\\' && next != '$' && next != '`') out += '\\';
    out += next == 'n' ? '\n' : next;
  }
  return out;
}

}  // namespace

Result<Processes> parse_procfile(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  Processes processes;
  std::size_t number = 0;
  for (std::string_view line : lines_of(text)) {
    ++number;
    line = trim(line);
    if (line.empty() || line.front() == '#') continue;
    const auto at = [&] { return ", line " + std::to_string(number); };
    const std::size_t colon = line.find(':');
    const std::string type(line.substr(0, std::min(colon, line.size())));
    const bool named = !type.empty() && std::all_of(type.begin(), type.end(), [](char c) {
      return is_name_character(c) || c == '-';
    });
    if (colon == std::string_view::npos || !named) {
      return fail(
          Errc::invalid_argument,
          "Procfile: expected 'type: command', with letters, digits, - and _ in type" + at());
    }
    const std::string_view command = trim(line.substr(colon + 1));
    if (command.empty()) {
      return fail(Errc::invalid_argument, "Procfile: no command for '" + type + "'" + at());
    }
    if (!processes.emplace(type, command).second) {
      return fail(Errc::invalid_argument, "Procfile: process names must be unique" + at());
    }
  }
  return processes;
}

PackSource PackSource::parse(std::string_view text) {
  text = trim(text);
  const std::size_t hash = text.find('#');
  if (hash == std::string_view::npos) return {std::string(text), ""};
  return {std::string(text.substr(0, hash)), std::string(text.substr(hash + 1))};
}

std::string PackSource::shown() const {
  std::string_view text = url;
  for (const std::string_view host :
       {"https://github.com/", "http://github.com/", "git://github.com/",
        "git@github.com:", "ssh://git@github.com/"}) {
    if (!text.starts_with(host)) continue;
    text.remove_prefix(host.size());
    if (text.ends_with(".git")) text.remove_suffix(4);
    return std::string(text);
  }
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return url;
  const std::size_t path = std::min(text.find('/', scheme + 3), text.size());
  const std::size_t user = text.substr(0, path).rfind('@');
  if (user == std::string_view::npos || user < scheme) return url;
  return std::string(text.substr(0, scheme + 3)) + std::string(text.substr(user + 1));
}

bool PackSource::is_archive() const {
  const std::string_view path = std::string_view(url).substr(0, url.find('?'));
  static constexpr std::array<std::string_view, 6> kEnds{".tgz",    ".tar.gz",  ".tbz",
                                                         ".tar.bz", ".tar.bz2", ".tar"};
  return std::any_of(kEnds.begin(), kEnds.end(),
                     [&](std::string_view end) { return path.ends_with(end); });
}

std::vector<PackSource> parse_buildpacks_file(std::string_view text) {
  std::vector<PackSource> packs;
  for (std::string_view line : lines_of(text)) {
    line = trim(line);
    if (!line.empty() && line.front() != '#') packs.push_back(PackSource::parse(line));
  }
  return packs;
}

std::map<std::string, std::string> parse_dot_env(std::string_view text) {
  std::map<std::string, std::string> out;
  for (std::string_view line : lines_of(text)) {
    line = trim(line);
    if (line.starts_with("export ")) line = trim(line.substr(7));
    const std::size_t equals = line.find('=');
    if (line.empty() || line.front() == '#' || equals == 0 || equals == std::string_view::npos) {
      continue;
    }
    const std::string name(line.substr(0, equals));
    if (std::all_of(name.begin(), name.end(), is_name_character) &&
        !(name[0] >= '0' && name[0] <= '9')) {
      out[name] = unquote(line.substr(equals + 1));
    }
  }
  return out;
}

}  // namespace dokku::buildstep
