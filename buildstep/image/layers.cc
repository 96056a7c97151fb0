#include "buildstep/image/layers.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <unordered_map>

#include "base/io.h"
#include "buildstep/image/scan.h"
#include "buildstep/tar/tar_writer.h"
#include "runtime/digest/sha256.h"

namespace dokku::buildstep {
namespace {

// Where the tar's bytes go: into the digest, and into a file unless there is none.
struct Sink {
  runtime::Sha256 digest;
  UniqueFd file;
  std::uint64_t size = 0;

  Result<> take(std::string_view bytes) {
    digest.update(bytes);
    size += bytes.size();
    return file.valid() ? write_all(file.get(), bytes) : Result<>();
  }
};

class LayerWriter {
 public:
  LayerWriter(int tree, const LayerOptions& options, std::int64_t time, Sink& sink)
      : tree_(tree),
        options_(options),
        time_(time),
        tar_([&sink](std::string_view bytes) { return sink.take(bytes); }),
        buffer_(256 << 10) {}

  Result<> write(const std::vector<ScannedEntry>& entries) {
    TRY(put_header({.path = "", .mode = S_IFDIR | 0755}, nullptr, nullptr));
    for (const ScannedEntry& entry : entries) TRY(write_entry(entry));
    return tar_.finish();
  }

 private:
  Result<> write_entry(const ScannedEntry& entry) {
    if (S_ISDIR(entry.mode)) return put_header(entry, nullptr, nullptr);
    if (S_ISLNK(entry.mode)) return write_link(entry);
    if (entry.several_names) {
      const auto [first, is_new] = first_names_.try_emplace(entry.inode, entry.path);
      if (!is_new) return put_header(entry, nullptr, &first->second);
    }
    return write_file(entry);
  }

  Result<> write_link(const ScannedEntry& entry) {
    const UniqueFd folder = TRY(open_folder(entry.path));
    std::array<char, 4097> target{};
    const ssize_t length = ::readlinkat(folder.get(), last_name(entry.path), target.data(), 4096);
    if (length < 0) return fail_syscall(entry.path, errno);
    return put_header(entry, target.data(), nullptr);
  }

  Result<> write_file(const ScannedEntry& entry) {
    const UniqueFd folder = TRY(open_folder(entry.path));
    const UniqueFd file(::openat(folder.get(), last_name(entry.path),
                                 O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file.valid()) return fail_syscall(entry.path, errno);
    struct stat seen {};
    if (::fstat(file.get(), &seen) < 0 || !S_ISREG(seen.st_mode) ||
        static_cast<std::uint64_t>(seen.st_size) != entry.size) {
      return fail(Errc::internal, entry.path + ": changed while it was read");
    }
    TRY(put_header(entry, nullptr, nullptr));
    std::uint64_t left = entry.size;
    while (left > 0) {
      const std::size_t got = TRY(read_some(file.get(), buffer_.data(), buffer_.size()));
      const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(got, left));
      if (take == 0) return fail(Errc::internal, entry.path + ": changed while it was read");
      TRY(tar_.data({buffer_.data(), take}));
      left -= take;
    }
    return {};
  }

  // The folder that holds `path`. Consecutive entries mostly share it, so the last one is kept.
  Result<UniqueFd> open_folder(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash);
    if (!folder_.valid() || folder != folder_path_) {
      UniqueFd at(::fcntl(tree_, F_DUPFD_CLOEXEC, 3));
      std::size_t from = 0;
      while (from < folder.size()) {
        const std::size_t end = std::min(folder.find('/', from), folder.size());
        const std::string part = folder.substr(from, end - from);
        UniqueFd next(
            ::openat(at.get(), part.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!next.valid()) return fail_syscall(path, errno);
        at = std::move(next);
        from = end + 1;
      }
      folder_ = std::move(at);
      folder_path_ = folder;
    }
    return UniqueFd(::fcntl(folder_.get(), F_DUPFD_CLOEXEC, 3));
  }

  static const char* last_name(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return path.c_str() + (slash == std::string::npos ? 0 : slash + 1);
  }

  Result<> put_header(const ScannedEntry& from, const char* link, const std::string* twin) {
    TarEntry out{.path = options_.prefix + (from.path.empty() ? "" : "/" + from.path)};
    out.mode = (from.mode & S_IFMT) | (S_ISLNK(from.mode) ? 0777 : from.mode & 01777);
    out.uid = options_.owner;
    out.gid = options_.owner;
    out.time = time_;
    if (S_ISREG(from.mode)) out.size = from.size;
    if (link != nullptr) out.link = link;
    if (twin != nullptr) out.twin = options_.prefix + "/" + *twin;
    return tar_.add(out);
  }

  int tree_;
  const LayerOptions& options_;
  std::int64_t time_;
  TarWriter tar_;
  std::vector<char> buffer_;
  std::unordered_map<std::uint64_t, std::string> first_names_;
  UniqueFd folder_;
  std::string folder_path_;
};

// Hashes the layer, and writes it into `path` unless that is empty.
Result<Layer> make_layer(int tree, const LayerOptions& options, const char* part,
                         const std::vector<ScannedEntry>& entries,
                         const std::filesystem::path& path) {
  Sink sink;
  if (!path.empty()) sink.file = TRY(open_file(path, O_CREAT | O_TRUNC | O_WRONLY));
  const bool is_app = std::string_view(part) == kPartNames[static_cast<std::size_t>(Part::app)];
  LayerWriter writer(tree, options, is_app ? options.app_time : kEntryTime, sink);
  TRY(writer.write(entries));
  const runtime::Digest digest = TRY(runtime::Digest::parse(sink.digest.finish()));
  Layer layer{part, {path, digest, digest, sink.size, false}, {}};
  layer.known = {entries.size(), sink.size, digest.str()};
  return layer;
}

}  // namespace

Result<Layers> write_layers(int tree, const LayerOptions& options) {
  Scan scan = TRY(scan_tree(tree, options.entries_max));
  Layers out;
  out.skipped = std::move(scan.skipped);
  for (std::size_t i = 0; i < scan.parts.size(); ++i) {
    const std::vector<ScannedEntry>& entries = scan.parts[i];
    const char* part = kPartNames[i];
    if (entries.empty() && i != static_cast<std::size_t>(Part::app)) continue;
    const auto known = options.known.find(part);
    if (known != options.known.end() && known->second.entries == entries.size()) {
      Layer same = TRY(make_layer(tree, options, part, entries, {}));
      if (same.known.digest == known->second.digest) {
        out.layers.push_back(std::move(same));
        continue;
      }
    }
    const std::filesystem::path file = options.directory / (std::string(part) + ".tar");
    Layer layer = TRY(make_layer(tree, options, part, entries, file));
    out.layers.push_back(std::move(layer));
  }
  return out;
}

}  // namespace dokku::buildstep
