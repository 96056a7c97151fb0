#include "buildstep/buildpack/submodules.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>

#include "base/io.h"
#include "buildstep/buildpack/beneath.h"
#include "buildstep/buildpack/procfile.h"
#include "buildstep/git/tree_tar.h"
#include "buildstep/source/copy_tree.h"
#include "buildstep/source/worker_call.h"
#include "runtime/digest/sha256.h"

namespace dokku::buildstep {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSubmodulesMax = 100;

bool stays_inside(const std::string& path) {
  const fs::path normal = fs::path(path).lexically_normal();
  return !path.empty() && normal.is_relative() && *normal.begin() != ".." && normal != ".";
}

bool is_commit(std::string_view id) {
  return id.size() == 40 && id.find_first_not_of("0123456789abcdef") == id.npos;
}

// Only what a stranger may name for the server to ask.
Result<> check_url(const std::string& url) {
  static constexpr std::array<std::string_view, 4> kSchemes{"https://", "http://", "git://",
                                                            "ssh://"};
  const bool full = std::any_of(kSchemes.begin(), kSchemes.end(),
                                [&](std::string_view scheme) { return url.starts_with(scheme); });
  // git@github.com:owner/name.git
  const std::size_t colon = url.find(':');
  const bool short_ssh = colon != url.npos && colon < url.find('/') && url.find('@') < colon;
  if (full || short_ssh) return {};
  if (url.starts_with('.')) {
    return fail(Errc::invalid_argument, "its URL, " + url +
                                            ", is relative to a server that is not told here; "
                                            "write the whole URL into .gitmodules");
  }
  return fail(Errc::invalid_argument, "its URL, " + url + ", is none of https, http, git, ssh");
}

class Fetching {
 public:
  Fetching(int tree, const SubmoduleFetch& how) : tree_(tree), how_(how) {}

  Result<> run(const std::vector<Submodule>& wanted) {
    const auto urls = parse_gitmodules(read_beneath(tree_, ".gitmodules").value_or(""));
    if (wanted.size() > kSubmodulesMax) {
      return fail(Errc::limit_exceeded, "The pushed tree has more than " +
                                            std::to_string(kSubmodulesMax) + " submodules");
    }
    for (const Submodule& each : wanted) {
      const auto url = urls.find(each.path);
      if (url == urls.end()) {
        how_.output.warn("The submodule " + each.path +
                         " is left empty: .gitmodules does not say where it is");
        continue;
      }
      Result<> done = place(each, url->second);
      if (!done) {
        return Fail(std::move(done).error().while_("Cannot fetch the submodule " + each.path));
      }
    }
    forget_others();
    return {};
  }

 private:
  Result<> place(const Submodule& wanted, const std::string& url) {
    TRY(check_url(url));
    const UniqueFd folder = TRY(open_folder_beneath(tree_, wanted.path));
    const std::string name = runtime::sha256_of(url + "#" + wanted.commit).substr(7, 32);
    const fs::path kept = how_.cache / name;
    used_.insert(name);
    std::error_code failed;
    if (!fs::exists(kept, failed)) TRY(fetch(wanted, url, kept));
    const UniqueFd files = TRY(open_file(kept / "tree", O_RDONLY | O_DIRECTORY));
    return copy_tree(files.get(), folder.get(), kBuildUid);
  }

  Result<> fetch(const Submodule& wanted, const std::string& url, const fs::path& kept) {
    how_.output.step("Fetching submodule " + wanted.path + " (" + PackSource::parse(url).shown() +
                     ", " + wanted.commit.substr(0, 8) + ")");
    const fs::path fresh = kept.string() + ".new";
    std::error_code failed;
    fs::create_directories(how_.cache, failed);
    fs::remove_all(fresh, failed);
    if (::mkdir(fresh.c_str(), 0755) < 0 || ::chown(fresh.c_str(), kBuildUid, kBuildUid) < 0) {
      return fail_syscall("mkdir " + fresh.string(), errno);
    }
    const UniqueFd into = TRY(open_file(fresh, O_RDONLY | O_DIRECTORY));
    const auto done = how_.git.fetch({url, wanted.commit, {}}, into.get(), how_.cancel);
    if (done) fs::rename(fresh, kept, failed);
    if (done && !failed) return {};
    std::error_code ignored;
    fs::remove_all(fresh, ignored);
    if (!done) return Fail(done.error());
    return fail(Errc::internal, kept.string() + ": " + failed.message());
  }

  void forget_others() {
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(how_.cache, failed)) {
      if (!used_.contains(entry.path().filename().string())) fs::remove_all(entry.path(), failed);
    }
  }

  int tree_;
  const SubmoduleFetch& how_;
  std::set<std::string> used_;
};

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const std::size_t from = std::min(text.find_first_not_of(kBlank), text.size());
  text.remove_prefix(from);
  return text.substr(0, text.find_last_not_of(kBlank) + 1);
}

template <class F>
void each_line(std::string_view text, F&& f) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    f(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace

// As `git submodule add` writes it: a section each, with "path = " and "url = ".
std::map<std::string, std::string> parse_gitmodules(std::string_view text) {
  std::map<std::string, std::string> found;
  std::string path;
  std::string url;
  const auto finish = [&] {
    if (stays_inside(path) && !url.empty()) found[path] = url;
    path.clear();
    url.clear();
  };
  each_line(text, [&](std::string_view line) {
    line = trim(line);
    if (line.starts_with('[')) return finish();
    const std::size_t equals = line.find('=');
    if (equals == line.npos || line.starts_with('#') || line.starts_with(';')) return;
    const std::string_view key = trim(line.substr(0, equals));
    std::string_view value = trim(line.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
      value = value.substr(1, value.size() - 2);
    }
    if (key == "path") path = value;
    if (key == "url") url = value;
  });
  finish();
  return found;
}

std::vector<Submodule> parse_submodules_file(std::string_view text) {
  std::vector<Submodule> found;
  each_line(text, [&](std::string_view line) {
    const std::size_t blank = line.find(' ');
    if (blank == line.npos || !is_commit(line.substr(0, blank))) return;
    Submodule one{std::string(line.substr(blank + 1)), std::string(line.substr(0, blank))};
    if (stays_inside(one.path)) found.push_back(std::move(one));
  });
  return found;
}

Result<> fetch_submodules(int tree, const SubmoduleFetch& how) {
  const auto text = read_beneath(tree, kSubmodulesFile);
  ::unlinkat(tree, kSubmodulesFile, 0);
  return Fetching(tree, how).run(parse_submodules_file(text.value_or("")));
}

}  // namespace dokku::buildstep
