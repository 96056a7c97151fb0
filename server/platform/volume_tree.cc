#include "server/platform/volume_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <map>
#include <memory>
#include <vector>

#include "base/io.h"
#include "server/model/app_name.h"
#include "server/platform/file_attributes.h"

namespace dokku::server {
namespace {

constexpr unsigned kDepthMax = 128;  // a descriptor each
constexpr std::size_t kPiece = 256 << 10;
constexpr std::size_t kNotesBytes = 96;         // of notes, without attributes
constexpr std::size_t kHardLinksMax = 1 << 20;  // then they become files of their own
constexpr mode_t kFileModes = 0777;
constexpr mode_t kFolderModes = 03777;

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

std::string notes_of(char kind, const struct stat& seen) {
  std::array<char, kNotesBytes> text{};
  std::snprintf(text.data(), text.size(), "%c %o %u %u %lld", kind, seen.st_mode & 07777U,
                seen.st_uid, seen.st_gid, static_cast<long long>(seen.st_mtim.tv_sec));
  return text.data();
}

// --- out

// Either counts or writes.
class Walk {
 public:
  explicit Walk(MemberWriter* to) : to_(to), piece_(to == nullptr ? 0 : kPiece, '\0') {}

  Result<> folder(int parent, const char* name, const std::string& member, unsigned depth) {
    UniqueFd fd(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    struct stat seen {};
    if (!fd.valid() || ::fstat(fd.get(), &seen) != 0) return leave_out(member);
    if (depth > kDepthMax) return leave_out(member);
    if (depth == 0) root_bytes_ = member.size() + 1;
    if (to_ != nullptr) TRY(to_->put(member, notes_with_attributes('d', seen, fd.get()), {}));
    const std::unique_ptr<DIR, CloseFolder> entries(::fdopendir(fd.get()));
    if (entries == nullptr) return leave_out(member);
    const int at = fd.release();  // the DIR's now
    while (const dirent* entry = ::readdir(entries.get())) {
      const std::string_view child = entry->d_name;
      if (child == "." || child == "..") continue;
      TRY(any(at, entry->d_name, member + "/" + entry->d_name, depth + 1));
    }
    return {};
  }

  TreeCount count;

 private:
  Result<> any(int parent, const char* name, const std::string& member, unsigned depth) {
    struct stat seen {};
    if (::fstatat(parent, name, &seen, AT_SYMLINK_NOFOLLOW) != 0) return {};  // gone
    if (member.size() > kMemberNameMax) return leave_out(member);
    if (S_ISDIR(seen.st_mode)) return folder(parent, name, member, depth);
    if (S_ISLNK(seen.st_mode)) return link(parent, name, member, seen);
    if (S_ISREG(seen.st_mode)) return file(parent, name, member, seen);
    return leave_out(member);
  }

  Result<> link(int parent, const char* name, const std::string& member, const struct stat& seen) {
    std::array<char, 4097> target{};
    const ssize_t size = ::readlinkat(parent, name, target.data(), target.size());
    if (size < 0) return {};
    ++count.files;
    if (to_ == nullptr) return {};
    return to_->put(member, notes_of('l', seen),
                    std::string_view(target.data(), static_cast<std::size_t>(size)));
  }

  Result<> file(int parent, const char* name, const std::string& member, const struct stat& seen) {
    ++count.files;
    count.bytes += static_cast<std::uint64_t>(seen.st_size);
    if (to_ == nullptr) return {};
    // It may be another by now: a FIFO is not waited for.
    const UniqueFd fd(::openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat opened {};
    if (!fd.valid() || ::fstat(fd.get(), &opened) != 0) return {};
    if (!S_ISREG(opened.st_mode)) return leave_out(member);
    const std::string first = opened.st_nlink > 1 ? first_name_of(opened, member) : std::string();
    if (!first.empty()) return to_->put(member, notes_of('h', opened), first);
    TRY(to_->begin(member, notes_with_attributes('f', opened, fd.get())));
    for (;;) {
      const std::size_t got = TRY(read_some(fd.get(), piece_.data(), piece_.size()));
      if (got == 0) break;
      TRY(to_->add(std::string_view(piece_).substr(0, got)));
    }
    return to_->end();
  }

  std::string notes_with_attributes(char kind, const struct stat& seen, int fd) {
    const Attributes attributes = attributes_of(fd, kMemberNotesMax - kNotesBytes);
    if (attributes.left_out) ++count.attributes_left_out;
    return notes_of(kind, seen) + attributes.text;
  }

  // Empty: it is the first. Else the path, below the root, of the one that was.
  std::string first_name_of(const struct stat& seen, const std::string& member) {
    if (links_.size() >= kHardLinksMax) return {};
    const auto [known, is_new] =
        links_.try_emplace(std::pair(seen.st_dev, seen.st_ino), member.substr(root_bytes_));
    return is_new ? std::string() : known->second;
  }

  Result<> leave_out(const std::string& member) {
    ++count.left_out;
    if (count.first_left_out.empty()) count.first_left_out = printable(member);
    return {};
  }

  MemberWriter* to_;
  std::string piece_;
  std::size_t root_bytes_ = 0;  // of a member's name, with the slash
  std::map<std::pair<dev_t, ino_t>, std::string> links_;
};

// --- in

struct Entry {
  char kind = 'f';
  mode_t mode = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  timespec changed{};
  std::vector<Attribute> attributes;
};

Fail bad(const std::string& path, const char* what) {
  return fail(Errc::invalid_argument, "The backup's " + printable(path) + ": " + what);
}

Result<Entry> parse_notes(const std::string& path, const std::string& notes) {
  Entry entry;
  unsigned mode = 0;
  unsigned uid = 0;
  unsigned gid = 0;
  long long seconds = 0;
  int end = 0;
  const int found = std::sscanf(notes.c_str(), "%c %4o %10u %10u %18lld%n", &entry.kind, &mode,
                                &uid, &gid, &seconds, &end);
  if (found != 5 || std::string_view("dflh").find(entry.kind) == std::string_view::npos) {
    return bad(path, "its notes are malformed");
  }
  auto attributes = parse_attributes(std::string_view(notes).substr(static_cast<std::size_t>(end)));
  if (!attributes) return bad(path, "its notes are malformed");
  entry.attributes = *std::move(attributes);
  entry.mode = mode & (entry.kind == 'd' ? kFolderModes : kFileModes);
  entry.uid = uid;
  entry.gid = gid;
  entry.changed.tv_sec = seconds;
  return entry;
}

bool is_name(std::string_view part) {
  return !part.empty() && part != "." && part != ".." && part.find('\0') == std::string_view::npos;
}

// Never through a link, never above the root.
Result<UniqueFd> open_folder(int root, const std::string& path) {
  if (path.empty()) {
    UniqueFd same(::openat(root, ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!same.valid()) return fail_syscall("open", errno);
    return same;
  }
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  UniqueFd folder(static_cast<int>(::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how)));
  if (!folder.valid()) return bad(path, "there is no such folder in it");
  return folder;
}

bool all_zero(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](char c) { return c == 0; });
}

// Long stretches of nothing stay holes.
Result<> fill_file(int fd, MemberReader& from) {
  constexpr std::size_t kHole = 64 << 10;
  off_t size = 0;
  for (;;) {
    const std::string_view bytes = TRY(from.piece());
    if (bytes.empty()) break;
    if (bytes.size() >= kHole && all_zero(bytes)) {
      if (::lseek(fd, static_cast<off_t>(bytes.size()), SEEK_CUR) < 0) {
        return fail_syscall("lseek", errno);
      }
    } else {
      TRY(write_all(fd, bytes));
    }
    size += static_cast<off_t>(bytes.size());
  }
  if (::ftruncate(fd, size) != 0) return fail_syscall("ftruncate", errno);
  return {};
}

bool is_below(const std::string& path, const std::string& folder) {
  return folder.empty() ? !path.empty() : path.starts_with(folder + "/");
}

// false: extended attributes are not kept here.
Result<bool> finish_entry(int fd, const std::string& path, const Entry& entry) {
  if (::fchown(fd, entry.uid, entry.gid) != 0) return fail_syscall("chown " + path, errno);
  if (::fchmod(fd, entry.mode) != 0) return fail_syscall("chmod " + path, errno);
  const bool kept = TRY(set_attributes(fd, entry.attributes));
  const timespec times[2] = {entry.changed, entry.changed};
  if (::futimens(fd, times) != 0) return fail_syscall("utimens " + path, errno);
  return kept;
}

Result<> make_hard_link(int root, int parent, const std::string& name, const std::string& path,
                        MemberReader& from) {
  const std::string target = TRY(from.all(kMemberNameMax));
  const std::size_t slash = target.rfind('/');
  const std::string base = slash == std::string::npos ? target : target.substr(slash + 1);
  if (!is_name(base) || target.starts_with('/')) return bad(path, "no path of a hard link");
  const UniqueFd folder =
      TRY(open_folder(root, slash == std::string::npos ? "" : target.substr(0, slash)));
  struct stat seen {};
  const bool file = ::fstatat(folder.get(), base.c_str(), &seen, AT_SYMLINK_NOFOLLOW) == 0 &&
                    S_ISREG(seen.st_mode);
  if (!file) return bad(path, "a hard link to what is no file");
  if (::linkat(folder.get(), base.c_str(), parent, name.c_str(), 0) != 0) {
    return fail_syscall("link " + path, errno);
  }
  return {};
}

Result<> make_link(int parent, const std::string& name, const std::string& path, const Entry& entry,
                   MemberReader& from) {
  const std::string target = TRY(from.all(4096));
  if (target.empty() || target.find('\0') != std::string::npos)
    return bad(path, "no link's target");
  if (::symlinkat(target.c_str(), parent, name.c_str()) != 0) {
    return fail_syscall("symlink " + path, errno);
  }
  if (::fchownat(parent, name.c_str(), entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW) != 0) {
    return fail_syscall("chown " + path, errno);
  }
  return {};
}

Result<bool> make_folder(int parent, const std::string& name, const std::string& path,
                         const Entry& entry, MemberReader& from) {
  TRY(from.all(0));
  if (name != "." && ::mkdirat(parent, name.c_str(), 0700) != 0) {
    return fail_syscall("mkdir " + path, errno);
  }
  const UniqueFd fd(
      ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.valid()) return fail_syscall("open " + path, errno);
  return finish_entry(fd.get(), path, entry);
}

Result<bool> make_file(int parent, const std::string& name, const std::string& path,
                       const Entry& entry, MemberReader& from) {
  const UniqueFd fd(
      ::openat(parent, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd.valid()) return fail_syscall("making " + printable(path), errno);
  TRY(fill_file(fd.get(), from));
  return finish_entry(fd.get(), path, entry);
}

Result<bool> make_entry(int root, const std::string& path, const Entry& entry, MemberReader& from) {
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash);
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (path.empty() && entry.kind == 'd') return make_folder(root, ".", path, entry, from);
  if (!is_name(name) || path.starts_with('/')) return bad(path, "no name of a file");
  const UniqueFd parent = TRY(open_folder(root, folder));
  if (entry.kind == 'd') return make_folder(parent.get(), name, path, entry, from);
  if (entry.kind == 'f') return make_file(parent.get(), name, path, entry, from);
  if (entry.kind == 'l') TRY(make_link(parent.get(), name, path, entry, from));
  if (entry.kind == 'h') TRY(make_hard_link(root, parent.get(), name, path, from));
  return true;
}

}  // namespace

TreeCount count_tree(const std::filesystem::path& root) {
  Walk walk(nullptr);
  [[maybe_unused]] const Result<> counted = walk.folder(AT_FDCWD, root.c_str(), "", 0);
  return walk.count;
}

Result<TreeCount> write_tree(MemberWriter& to, const std::filesystem::path& root,
                             const std::string& prefix) {
  Walk walk(&to);
  TRY(walk.folder(AT_FDCWD, root.c_str(), prefix, 0));
  return walk.count;
}

Result<TreeReader> TreeReader::create(const std::filesystem::path& root) {
  UniqueFd folder = TRY(open_file(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  return TreeReader(std::move(folder));
}

Result<> TreeReader::add(const std::string& path, const std::string& notes, MemberReader& from) {
  const Entry entry = TRY(parse_notes(path, notes));
  TRY(close_folders(&path));
  const bool kept = TRY(make_entry(root_.get(), path, entry, from));
  if (!kept) ++attributes_lost_;
  if (entry.kind == 'd') open_.push_back({path, entry.changed});
  return {};
}

Result<> TreeReader::close_folders(const std::string* next) {
  while (!open_.empty()) {
    const OpenFolder& innermost = open_.back();
    if (next != nullptr && is_below(*next, innermost.path)) break;
    const UniqueFd folder = TRY(open_folder(root_.get(), innermost.path));
    const timespec times[2] = {innermost.changed, innermost.changed};
    if (::utimensat(folder.get(), ".", times, 0) != 0) {
      return fail_syscall("utimens " + innermost.path, errno);
    }
    open_.pop_back();
  }
  return {};
}

}  // namespace dokku::server
