#include "buildstep/image/scan.h"

#include <dirent.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/unique_fd.h"

namespace dokku::buildstep {
namespace {

constexpr int kDepthMax = 512;

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

// Names in the folder, sorted by bytes. Takes the descriptor.
Result<std::vector<std::string>> names_in(UniqueFd fd, const std::string& path) {
  const std::unique_ptr<DIR, CloseFolder> folder(::fdopendir(fd.get()));
  if (folder == nullptr) return fail_syscall("read " + path, errno);
  [[maybe_unused]] const int now_the_folders = fd.release();
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr) break;
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  if (errno != 0) return fail_syscall("read " + path, errno);
  std::sort(names.begin(), names.end());
  return names;
}

class Scanner {
 public:
  explicit Scanner(std::uint64_t entries_max) : entries_max_(entries_max) {}

  Result<> walk(int folder, const std::string& prefix, int depth) {
    if (depth > kDepthMax) return fail(Errc::limit_exceeded, prefix + ": nested too deeply");
    UniqueFd reading(::openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!reading.valid()) return fail_syscall("open /" + prefix, errno);
    const std::vector<std::string> names = TRY(names_in(std::move(reading), prefix));
    for (const std::string& name : names) TRY(visit(folder, name, prefix + name, depth));
    return {};
  }

  Scan take() { return std::move(scan_); }

 private:
  Result<> visit(int folder, const std::string& name, const std::string& path, int depth) {
    struct stat seen {};
    if (::fstatat(folder, name.c_str(), &seen, AT_SYMLINK_NOFOLLOW) < 0) {
      return fail_syscall(path, errno);
    }
    if (++entries_ > entries_max_) {
      return fail(Errc::limit_exceeded,
                  "the built tree has more than " + std::to_string(entries_max_) + " files");
    }
    const bool is_folder = S_ISDIR(seen.st_mode);
    if (!is_folder && !S_ISREG(seen.st_mode) && !S_ISLNK(seen.st_mode)) {
      scan_.skipped.push_back(path);
      return {};
    }
    scan_.parts[static_cast<std::size_t>(part_of(path))].push_back(
        {path, seen.st_mode, is_folder ? 0 : static_cast<std::uint64_t>(seen.st_size), seen.st_ino,
         S_ISREG(seen.st_mode) && seen.st_nlink > 1});
    // Its parent goes into the layer too, so that it has its own owner and mode there.
    if (path == "vendor/bundle") add_vendor_to_dependencies();
    if (!is_folder) return {};
    const UniqueFd inner(
        ::openat(folder, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!inner.valid()) return fail_syscall(path, errno);
    return walk(inner.get(), path + "/", depth + 1);
  }

  void add_vendor_to_dependencies() {
    const auto& app = scan_.parts[static_cast<std::size_t>(Part::app)];
    auto& dependencies = scan_.parts[static_cast<std::size_t>(Part::dependencies)];
    const auto vendor = std::find_if(app.begin(), app.end(),
                                     [](const ScannedEntry& e) { return e.path == "vendor"; });
    if (vendor != app.end()) dependencies.insert(dependencies.end() - 1, *vendor);
  }

  std::uint64_t entries_max_;
  std::uint64_t entries_ = 0;
  Scan scan_;
};

}  // namespace

Part part_of(const std::string& path) {
  const auto below = [&](std::string_view folder) {
    return path == folder ||
           (path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/');
  };
  if (below(".heroku") || below(".apt")) return Part::runtime;
  if (below("node_modules") || below("vendor/bundle")) return Part::dependencies;
  return Part::app;
}

Result<Scan> scan_tree(int tree, std::uint64_t entries_max) {
  Scanner scanner(entries_max);
  TRY(scanner.walk(tree, "", 0));
  return scanner.take();
}

}  // namespace dokku::buildstep
