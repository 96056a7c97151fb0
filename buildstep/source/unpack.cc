#include "buildstep/source/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <vector>

#include "base/unique_fd.h"

namespace dokku::buildstep {
namespace {

constexpr std::size_t kPathBytesMax = 4000;

struct ReadEnd {
  void operator()(archive* handle) const { archive_read_free(handle); }
};
using Reader = std::unique_ptr<archive, ReadEnd>;

Fail refuse(std::string_view name, const std::string& why) {
  std::string shown(name.substr(0, 200));
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return fail(Errc::invalid_argument, "refused '" + shown + "': " + why);
}

// "./a//b/" → {"a", "b"}; the root itself → {}.
Result<std::vector<std::string>> components(std::string_view name) {
  if (name.empty()) return refuse(name, "an empty name");
  if (name.size() > kPathBytesMax) return refuse(name, "the name is too long");
  if (name.front() == '/') return refuse(name, "an absolute name");
  std::vector<std::string> parts;
  std::size_t from = 0;
  while (from <= name.size()) {
    const std::size_t slash = std::min(name.find('/', from), name.size());
    const std::string_view part = name.substr(from, slash - from);
    if (part == "..") return refuse(name, "the name leads outside");
    if (part.size() > 255) return refuse(name, "the name is too long");
    if (!part.empty() && part != ".") parts.emplace_back(part);
    from = slash + 1;
  }
  return parts;
}

int open_beneath(int directory, const char* path, std::uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, directory, path, &how, sizeof how));
}

class Unpacker {
 public:
  Unpacker(archive* tar, int target, const UnpackLimits& limits)
      : tar_(tar), target_(target), limits_(limits) {}

  Result<Unpacked> run() {
    archive_entry* entry = nullptr;
    for (;;) {
      const int code = archive_read_next_header(tar_, &entry);
      if (code == ARCHIVE_EOF) return done_;
      if (code < ARCHIVE_WARN) return tar_fail();
      TRY(unpack_entry(entry));
    }
  }

 private:
  Result<> unpack_entry(archive_entry* entry) {
    const char* raw = archive_entry_pathname(entry);
    if (raw == nullptr) raw = archive_entry_pathname_utf8(entry);
    if (raw == nullptr)
      return fail(Errc::invalid_argument, "refused an entry: its name is not text");
    const std::string name = raw;
    const std::vector<std::string> parts = TRY(components(name));
    if (++done_.files > limits_.files_max) {
      return fail(Errc::limit_exceeded, "refused '" + name + "': more than " +
                                            std::to_string(limits_.files_max) + " files");
    }
    if ((archive_entry_perm(entry) & (S_ISUID | S_ISGID)) != 0) {
      return refuse(name, "it has the setuid or setgid bit");
    }
    if (parts.empty()) return {};
    const UniqueFd parent = TRY(open_parent(name, parts));
    const char* link = archive_entry_hardlink(entry);
    if (link != nullptr) return make_hard_link(name, parent.get(), parts.back(), link);
    switch (archive_entry_filetype(entry)) {
      case AE_IFDIR:
        return make_folder(name, parent.get(), parts.back(), archive_entry_perm(entry));
      case AE_IFREG:
        return make_file(entry, name, parent.get(), parts.back());
      case AE_IFLNK:
        return make_link(entry, name, parent.get(), parts.back());
      default:
        return refuse(name, "it is a device, a FIFO or a socket");
    }
  }

  // The folder that holds the entry, made when missing.
  Result<UniqueFd> open_parent(const std::string& name, const std::vector<std::string>& parts) {
    if (parts.size() == 1) return UniqueFd(::fcntl(target_, F_DUPFD_CLOEXEC, 3));
    std::string path;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      if (i > 0) path += '/';
      path += parts[i];
    }
    int fd = open_beneath(target_, path.c_str(), O_PATH | O_DIRECTORY);
    if (fd < 0 && errno == ENOENT) return make_parents(name, parts);
    if (fd < 0 && (errno == ELOOP || errno == EXDEV)) {
      return refuse(name, "its folder is reached through a link");
    }
    if (fd < 0 && errno == ENOTDIR) return refuse(name, "its folder is a file or a link");
    if (fd < 0) return fail_syscall(name, errno);
    return UniqueFd(fd);
  }

  Result<UniqueFd> make_parents(const std::string& name, const std::vector<std::string>& parts) {
    UniqueFd at(::fcntl(target_, F_DUPFD_CLOEXEC, 3));
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      if (::mkdirat(at.get(), parts[i].c_str(), 0755) < 0 && errno != EEXIST) {
        return fail_syscall(name, errno);
      }
      UniqueFd next(open_beneath(at.get(), parts[i].c_str(), O_PATH | O_DIRECTORY));
      if (!next.valid()) return refuse(name, "its folder is a file or a link");
      at = std::move(next);
    }
    return at;
  }

  Result<> make_folder(const std::string& name, int parent, const std::string& last, mode_t mode) {
    const mode_t wanted = (mode & 0777) | 0700;
    if (::mkdirat(parent, last.c_str(), wanted) == 0) return {};
    if (errno != EEXIST) return fail_syscall(name, errno);
    const UniqueFd there(open_beneath(parent, last.c_str(), O_RDONLY | O_DIRECTORY));
    if (!there.valid()) return refuse(name, "a file or link of this name came before");
    ::fchmod(there.get(), wanted);
    return {};
  }

  Result<> make_file(archive_entry* entry, const std::string& name, int parent,
                     const std::string& last) {
    const mode_t mode = (archive_entry_perm(entry) & 0777) | 0600;
    TRY(clear_the_way(name, parent, last));
    const UniqueFd file(
        ::openat(parent, last.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!file.valid()) return fail_syscall(name, errno);
    return copy_data(entry, name, file.get());
  }

  Result<> copy_data(archive_entry* entry, const std::string& name, int file) {
    const std::uint64_t size = static_cast<std::uint64_t>(archive_entry_size(entry));
    if (size > limits_.bytes_max || done_.bytes + size > limits_.bytes_max) {
      return fail(Errc::limit_exceeded, "refused '" + name + "': more than " +
                                            std::to_string(limits_.bytes_max >> 20) + " MB in all");
    }
    done_.bytes += size;
    const void* piece = nullptr;
    std::size_t length = 0;
    la_int64_t offset = 0;
    for (;;) {
      const int code = archive_read_data_block(tar_, &piece, &length, &offset);
      if (code == ARCHIVE_EOF) break;
      if (code < ARCHIVE_WARN) return tar_fail();
      const char* at = static_cast<const char*>(piece);
      while (length > 0) {
        const ssize_t wrote = ::pwrite(file, at, length, offset);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return fail_syscall(name, errno);
        at += wrote;
        offset += wrote;
        length -= static_cast<std::size_t>(wrote);
      }
    }
    if (archive_entry_sparse_count(entry) > 0 && ::ftruncate(file, static_cast<off_t>(size)) < 0) {
      return fail_syscall(name, errno);
    }
    return {};
  }

  Result<> make_link(archive_entry* entry, const std::string& name, int parent,
                     const std::string& last) {
    const char* target = archive_entry_symlink(entry);
    if (target == nullptr) target = archive_entry_symlink_utf8(entry);
    if (target == nullptr || *target == '\0') return refuse(name, "a link without a target");
    if (!link_stays_inside(name, target)) {
      return refuse(name, "a link that leads outside (" + std::string(target).substr(0, 200) + ")");
    }
    TRY(clear_the_way(name, parent, last));
    if (::symlinkat(target, parent, last.c_str()) < 0) return fail_syscall(name, errno);
    return {};
  }

  Result<> make_hard_link(const std::string& name, int parent, const std::string& last,
                          const std::string& target) {
    Result<std::vector<std::string>> parts = components(target);
    if (!parts || parts->empty()) return refuse(name, "a hard link that leads outside");
    std::string path;
    for (const std::string& part : *parts) path += (path.empty() ? "" : "/") + part;
    const UniqueFd file(open_beneath(target_, path.c_str(), O_PATH | O_NOFOLLOW));
    struct stat seen {};
    if (!file.valid() || ::fstat(file.get(), &seen) < 0 || !S_ISREG(seen.st_mode)) {
      return refuse(name, "a hard link to what is not a file of this archive");
    }
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash);
    const UniqueFd from(open_beneath(target_, folder.c_str(), O_PATH | O_DIRECTORY));
    if (!from.valid()) return refuse(name, "a hard link through a link");
    if (parts->back() == last && path == name) return {};
    TRY(clear_the_way(name, parent, last));
    if (::linkat(from.get(), parts->back().c_str(), parent, last.c_str(), 0) < 0) {
      return fail_syscall(name, errno);
    }
    return {};
  }

  // As tar does, a later entry replaces an earlier file of its name.
  static Result<> clear_the_way(const std::string& name, int parent, const std::string& last) {
    if (::unlinkat(parent, last.c_str(), 0) == 0 || errno == ENOENT) return {};
    if (errno == EISDIR || errno == EPERM) return refuse(name, "a folder of this name came before");
    return fail_syscall(name, errno);
  }

  Fail tar_fail() {
    const char* why = archive_error_string(tar_);
    return fail(Errc::invalid_argument,
                std::string("not a readable tar: ") + (why != nullptr ? why : "unknown error"));
  }

  archive* tar_;
  int target_;
  UnpackLimits limits_;
  Unpacked done_;
};

}  // namespace

bool link_stays_inside(std::string_view path, std::string_view target) {
  if (target.empty() || target.front() == '/') return false;
  int depth = -1;  // folders above the link, not counting its own name
  const auto walk = [&](std::string_view text) {
    std::size_t from = 0;
    while (from <= text.size()) {
      const std::size_t slash = std::min(text.find('/', from), text.size());
      const std::string_view part = text.substr(from, slash - from);
      from = slash + 1;
      if (part.empty() || part == ".") continue;
      depth += part == ".." ? -1 : 1;
      if (depth < 0) return false;
    }
    return true;
  };
  while (path.starts_with("./")) path.remove_prefix(2);
  if (!walk(path)) return false;
  return walk(target);
}

Result<Unpacked> unpack_tar(int tar_fd, int target_dir, const UnpackLimits& limits) {
  const Reader tar(archive_read_new());
  archive_read_support_format_tar(tar.get());
  archive_read_support_filter_gzip(tar.get());
  archive_read_support_filter_bzip2(tar.get());
  archive_read_support_filter_xz(tar.get());
  archive_read_support_filter_zstd(tar.get());
  if (archive_read_open_fd(tar.get(), tar_fd, 256 << 10) != ARCHIVE_OK) {
    const char* why = archive_error_string(tar.get());
    return fail(Errc::invalid_argument,
                std::string("not a readable tar: ") + (why != nullptr ? why : "unknown error"));
  }
  return Unpacker(tar.get(), target_dir, limits).run();
}

}  // namespace dokku::buildstep
