#include "buildstep/buildpack/pack_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <sstream>

#include "base/atomic_file.h"
#include "base/io.h"
#include "base/process.h"
#include "buildstep/source/copy_tree.h"
#include "buildstep/source/worker_call.h"
#include "runtime/digest/sha256.h"

namespace dokku::buildstep {
namespace {

namespace fs = std::filesystem;

// The order of detection: what is in a pack of ours that is not named here comes last.
constexpr std::array<const char*, 8> kOrder{"ruby", "node", "python", "java",
                                            "php",  "go",   "static", "null"};
constexpr std::uint64_t kPackBytesMax = 512ULL << 20;

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

// pack.conf: `key: value` lines; keys name, detects, build, run.
Result<Pack> read_pack(const fs::path& directory) {
  const std::string text = TRY(read_file(directory / "pack.conf", 64 << 10));
  Pack pack{.name = directory.filename().string(), .directory = directory};
  pack.title = pack.name;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with('#') || colon == std::string::npos) continue;
    const std::string key = line.substr(0, colon);
    const std::string value = line.substr(colon + 2);
    if (key == "name") pack.title = value;
    if (key == "detects") pack.detects = words(value);
    if (key == "build") pack.build_layers = words(value);
    if (key == "run") pack.run_layers = words(value);
  }
  return pack;
}

std::size_t rank(const std::string& name) {
  const auto at = std::find(kOrder.begin(), kOrder.end(), name);
  return static_cast<std::size_t>(at - kOrder.begin());
}

// "nodejs" of "heroku/nodejs"; empty: another form.
std::string short_form(const std::string& url) {
  for (const std::string_view owner : {"heroku/", "heroku-community/"}) {
    if (url.starts_with(owner) && url.find('/', owner.size()) == std::string::npos) {
      return url.substr(owner.size());
    }
  }
  return {};
}

// Heroku's word for the language of a pack of ours.
std::string language_of(const std::string& pack) { return pack == "node" ? "nodejs" : pack; }

// Packs without mode bits exist: zip files, authors on Windows.
Result<> make_scripts_executable(int pack) {
  for (const char* script : {"bin/detect", "bin/compile", "bin/release"}) {
    const UniqueFd file(::openat(pack, script, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file.valid()) continue;
    struct stat seen {};
    if (::fstat(file.get(), &seen) == 0 && S_ISREG(seen.st_mode)) {
      ::fchmod(file.get(), (seen.st_mode & 0777) | 0755);
    }
  }
  return {};
}

bool looks_like_git(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / ".git", ignored) ||
         (fs::exists(folder / "HEAD", ignored) && fs::is_directory(folder / "objects", ignored));
}

// Held until it is closed. Its time says when the pack was last used (server/deploy/
// fetched_packs.h). Whoever removes the pack removes it, too: then there is another to wait for.
Result<UniqueFd> lock_pack(const std::string& path) {
  for (;;) {
    UniqueFd lock = TRY(open_file(path, O_CREAT | O_RDWR));
    struct stat seen {};
    if (::flock(lock.get(), LOCK_EX) < 0 || ::fstat(lock.get(), &seen) < 0) {
      return fail_syscall("flock", errno);
    }
    if (seen.st_nlink == 0) continue;
    ::futimens(lock.get(), nullptr);
    return lock;
  }
}

Result<> copy_in_worker(const std::string& program, const fs::path& from, int target,
                        const CancelToken& cancel) {
  const WorkerCall call{
      .program = program, .task = "copy-tree", .arguments = {from.string()}, .more_fds = {target}};
  const Result<std::string> done = call_worker(call, &cancel);
  if (!done) return Fail(done.error());
  return {};
}

}  // namespace

Result<std::vector<Pack>> PackStore::bundled() const {
  std::vector<Pack> packs;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(bundled_, error)) {
    Result<Pack> pack = read_pack(entry.path());
    if (pack) packs.push_back(std::move(*pack));
  }
  if (error) return fail(Errc::not_found, bundled_.string() + ": " + error.message());
  std::sort(packs.begin(), packs.end(), [](const Pack& a, const Pack& b) {
    return std::pair(rank(a.name), a.name) < std::pair(rank(b.name), b.name);
  });
  return packs;
}

Result<Pack> PackStore::find(const PackSource& asked) const {
  PackSource source = asked;
  if (const std::string language = short_form(source.url); !language.empty()) {
    std::vector<Pack> ours = TRY(bundled());
    for (Pack& pack : ours) {
      if (source.ref.empty() && language_of(pack.name) == language) return std::move(pack);
    }
    source.url = "https://github.com/heroku/heroku-buildpack-" + language + ".git";
  }
  if (source.url.find('/') == std::string::npos && source.url.find(':') == std::string::npos) {
    std::vector<Pack> ours = TRY(bundled());
    for (Pack& pack : ours) {
      if (pack.name == source.url) return std::move(pack);
    }
    std::string names;
    for (const Pack& pack : ours) names += (names.empty() ? "" : ", ") + pack.name;
    return fail(Errc::invalid_argument,
                "'" + source.url + "' is no buildpack. It is a URL, or one of: " + names);
  }
  Pack pack{.name = source.shown(), .title = source.shown(), .source = source};
  pack.build_layers = {"c"};
  return pack;
}

Result<> PackStore::place(const Pack& pack, const fs::path& to, Output& output,
                          const CancelToken& cancel) const {
  if (::mkdir(to.c_str(), 0755) < 0 || ::chown(to.c_str(), kBuildUid, kBuildUid) < 0) {
    return fail_syscall("mkdir " + to.string(), errno);
  }
  const UniqueFd target = TRY(open_file(to, O_RDONLY | O_DIRECTORY));
  if (pack.bundled()) {
    const UniqueFd home = TRY(open_file(pack.directory, O_RDONLY | O_DIRECTORY));
    TRY(copy_tree(home.get(), target.get(), kBuildUid));
  } else {
    Result<> placed = place_foreign(pack, target.get(), output, cancel);
    if (!placed) {
      return Fail(std::move(placed).error().while_("Cannot fetch buildpack " + pack.name));
    }
  }
  struct stat seen {};
  if (::fstatat(target.get(), "bin/compile", &seen, 0) < 0) {
    return fail(Errc::invalid_argument, pack.name + " is no buildpack: it has no bin/compile");
  }
  return make_scripts_executable(target.get());
}

Result<> PackStore::place_foreign(const Pack& pack, int target, Output& output,
                                  const CancelToken& cancel) const {
  const PackSource& source = pack.source;
  std::error_code ignored;
  const fs::path folder = source.url;
  if (folder.is_absolute() && source.ref.empty() && !looks_like_git(folder)) {
    return copy_in_worker(worker_, folder, target, cancel);
  }
  if (source.is_archive()) return place_archive(pack, target, cancel);
  return place_git(pack, target, output, cancel);
}

Result<> PackStore::place_git(const Pack& pack, int target, Output& output,
                              const CancelToken& cancel) const {
  const PackSource& source = pack.source;
  const fs::path home = cache_ / runtime::sha256_of(source.url + "#" + source.ref).substr(7, 32);
  std::error_code error;
  fs::create_directories(cache_, error);
  // One fetch of a pack at a time; another build waits for it.
  const UniqueFd lock = TRY(lock_pack(home.string() + ".lock"));
  const fs::path fresh = home.string() + ".new";
  fs::remove_all(fresh, error);
  if (::mkdir(fresh.c_str(), 0755) < 0 || ::chown(fresh.c_str(), kBuildUid, kBuildUid) < 0) {
    return fail_syscall("mkdir " + fresh.string(), errno);
  }
  const std::string known = read_file(home / "commit", 100).value_or("");
  const UniqueFd into = TRY(open_file(fresh, O_RDONLY | O_DIRECTORY));
  const Result<std::string> commit =
      git_.fetch({source.url, source.ref, known}, into.get(), cancel);
  if (!commit && (known.empty() || commit.error().code() != Errc::unavailable)) {
    fs::remove_all(fresh, error);
    return Fail(commit.error());
  }
  if (!commit) {
    output.warn("No answer from " + pack.name + ": using what was fetched before (" +
                known.substr(0, 12) + ")");
  } else if (*commit != known) {
    TRY(write_file_atomically(fresh / "commit", *commit));
    fs::remove_all(home, error);
    fs::rename(fresh, home, error);
    if (error) return fail(Errc::internal, home.string() + ": " + error.message());
  }
  fs::remove_all(fresh, error);
  const UniqueFd tree = TRY(open_file(home / "tree", O_RDONLY | O_DIRECTORY));
  return copy_tree(tree.get(), target, kBuildUid);
}

Result<> PackStore::place_archive(const Pack& pack, int target, const CancelToken& cancel) const {
  // A file of this machine is read as the build user too: nobody learns what root may read.
  const bool local = fs::path(pack.source.url).is_absolute();
  const UniqueFd archive(::memfd_create("pack", MFD_CLOEXEC));
  ProcessSpec curl{
      .program = "curl",
      .arguments = {"curl", "-fsSL", "--proto", local ? "=file" : "=http,https",
                    "--connect-timeout", "10", "--max-time", "300", "--max-filesize", "268435456",
                    "--", local ? "file://" + pack.source.url : pack.source.url},
      .environment = {"PATH=/usr/bin:/bin", "HOME=/nonexistent"}};
  curl.stdout_fd = archive.get();
  curl.uid = kBuildUid;
  curl.gid = kBuildUid;
  curl.die_with_parent = true;
  Process process = TRY(Process::start(curl));
  const ExitStatus status = TRY(process.wait());
  if (!status.ok()) {
    return fail(Errc::unavailable,
                "curl ended with status " + std::to_string(status.shell_status()));
  }
  ::lseek(archive.get(), 0, SEEK_SET);
  const Result<Unpacked> done =
      unpack_in_worker(worker_, archive.get(), target, {20'000, kPackBytesMax}, &cancel);
  if (!done) return Fail(done.error());
  return {};
}

Result<std::string> PackStore::fingerprint() const {
  runtime::Sha256 all;
  std::error_code error;
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(bundled_, error)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    const std::string text = TRY(read_file(file, 64 << 20));
    all.update(file.lexically_relative(bundled_).string() + "\n" + std::to_string(text.size()) +
               "\n");
    all.update(text);
  }
  return all.finish();
}

}  // namespace dokku::buildstep
