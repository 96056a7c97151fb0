#include "server/platform/buildpacks.h"

#include <algorithm>
#include <array>
#include <sstream>
#include <system_error>

#include "server/deploy/packs.h"
#include "server/store/properties.h"

namespace dokku::server {
namespace {

constexpr std::size_t kPackMax = 1024;
constexpr std::size_t kPacksMax = 20;
constexpr std::array<std::string_view, 2> kOwners{"heroku/", "heroku-community/"};

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

// The language of "heroku/nodejs"; empty: another form.
std::string short_name(const std::string& pack) {
  for (const std::string_view owner : kOwners) {
    if (pack.starts_with(owner) && is_word(pack.substr(owner.size()))) {
      return pack.substr(owner.size());
    }
  }
  return {};
}

// With something behind the host: "http://nodejs" is a name that somebody took for a URL.
bool is_url(std::string_view pack) {
  if (pack.starts_with("git@")) return pack.find(':') != std::string_view::npos;
  static constexpr std::array<std::string_view, 5> kSchemes{"https://", "http://", "git://",
                                                            "ssh://", "file://"};
  for (const std::string_view scheme : kSchemes) {
    if (!pack.starts_with(scheme)) continue;
    const std::string_view rest = pack.substr(scheme.size());
    const std::size_t slash = rest.find('/');
    return (slash > 0 || scheme == "file://") && slash < rest.size() - 1;
  }
  return false;
}

std::vector<std::string> words_in(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

Fail no_such_index(long index) {
  return fail(Errc::invalid_argument, "Invalid index specified: " + std::to_string(index));
}

}  // namespace

std::string shown_buildpack(const std::string& pack) {
  const std::string name = short_name(pack);
  return name.empty() ? pack : "https://github.com/heroku/heroku-buildpack-" + name + ".git";
}

Result<> Buildpacks::check(const std::string& pack) const {
  const bool plain =
      std::all_of(pack.begin(), pack.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  std::error_code ignored;
  const bool bundled = is_word(pack) && std::filesystem::exists(bundled_ / pack, ignored);
  const bool here = pack.starts_with('/') && std::filesystem::is_directory(pack, ignored);
  const bool known = bundled || here || is_url(pack) || !short_name(pack).empty();
  if (plain && pack.size() <= kPackMax && known) return {};
  if (pack.starts_with('/') && plain) {
    return fail(Errc::invalid_argument, "Invalid buildpack specified: " + printable(pack) +
                                            "\nThere is no such folder on this server");
  }
  return fail(Errc::invalid_argument, "Invalid buildpack specified: " + printable(pack));
}

template <class F>
Result<> Buildpacks::change(AppId app, F&& step) {
  return store_.write([&](WriteTx& tx) -> Result<> {
    const std::optional<std::string> before = TRY(property(tx, app, kBuildpacks));
    std::vector<std::string> packs = words_in(before.value_or(""));
    TRY(step(packs));
    if (packs.size() > kPacksMax) {
      return fail(Errc::limit_exceeded, "More than " + std::to_string(kPacksMax) + " buildpacks");
    }
    std::string text;
    for (const std::string& pack : packs) text += (text.empty() ? "" : " ") + pack;
    return set_property(tx, app, kBuildpacks,
                        text.empty() ? std::nullopt : std::optional<std::string>(text));
  });
}

Result<std::vector<std::string>> Buildpacks::list(AppId app) {
  return store_.read([&](ReadTx& tx) -> Result<std::vector<std::string>> {
    const std::optional<std::string> text = TRY(property(tx, app, kBuildpacks));
    return words_in(text.value_or(""));
  });
}

Result<> Buildpacks::add(AppId app, const std::string& pack, std::optional<long> index) {
  TRY(check(pack));
  if (index && *index < 1) return no_such_index(*index);
  return change(app, [&](std::vector<std::string>& packs) -> Result<> {
    const long end = static_cast<long>(packs.size());
    packs.insert(packs.begin() + std::min(index.value_or(end + 1) - 1, end), pack);
    return {};
  });
}

Result<> Buildpacks::set(AppId app, const std::string& pack, std::optional<long> index) {
  TRY(check(pack));
  const long at = index.value_or(1);
  if (at < 1) return no_such_index(at);
  return change(app, [&](std::vector<std::string>& packs) -> Result<> {
    if (at > static_cast<long>(packs.size())) {
      packs.push_back(pack);
    } else {
      packs[static_cast<std::size_t>(at - 1)] = pack;
    }
    return {};
  });
}

Result<> Buildpacks::replace(AppId app, const std::vector<std::string>& fresh) {
  for (const std::string& pack : fresh) TRY(check(pack));
  return change(app, [&](std::vector<std::string>& packs) -> Result<> {
    packs = fresh;
    return {};
  });
}

Result<std::string> Buildpacks::remove(AppId app, const std::string& pack) {
  std::string gone;
  TRY(change(app, [&](std::vector<std::string>& packs) -> Result<> {
    const std::string wanted = shown_buildpack(pack);
    const auto found = std::find_if(packs.begin(), packs.end(), [&](const std::string& each) {
      return shown_buildpack(each) == wanted;
    });
    if (found == packs.end()) {
      return fail(Errc::invalid_argument, "Buildpack not found: " + printable(pack));
    }
    gone = *found;
    packs.erase(found);
    return {};
  }));
  return gone;
}

Result<std::string> Buildpacks::remove_at(AppId app, long index) {
  std::string gone;
  TRY(change(app, [&](std::vector<std::string>& packs) -> Result<> {
    if (index < 1 || index > static_cast<long>(packs.size())) return no_such_index(index);
    gone = packs[static_cast<std::size_t>(index - 1)];
    packs.erase(packs.begin() + (index - 1));
    return {};
  }));
  return gone;
}

Result<> Buildpacks::clear(AppId app) { return replace(app, {}); }

}  // namespace dokku::server
