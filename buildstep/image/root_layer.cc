#include "buildstep/image/root_layer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <unordered_map>

#include "base/io.h"
#include "buildstep/tar/tar_writer.h"
#include "runtime/digest/sha256.h"

namespace dokku::buildstep {
namespace {

namespace fs = std::filesystem;

constexpr time_t kEntryTime = 946684800;

struct ZstdEnd {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

// tar writer → digest of the tar → zstd → digest of the file → the file.
class Chain {
 public:
  explicit Chain(UniqueFd file) : file_(std::move(file)), zstd_(ZSTD_createCCtx()) {}

  Result<> take(std::string_view tar_bytes) {
    tar_digest_.update(tar_bytes);
    return compress(tar_bytes, ZSTD_e_continue);
  }

  Result<runtime::LayerFile> finish(const fs::path& path) {
    TRY(compress({}, ZSTD_e_end));
    if (::fsync(file_.get()) < 0) return fail_syscall("fsync " + path.string(), errno);
    const runtime::Digest digest = TRY(runtime::Digest::parse(file_digest_.finish()));
    const runtime::Digest diff_id = TRY(runtime::Digest::parse(tar_digest_.finish()));
    return runtime::LayerFile{path, digest, diff_id, size_, true};
  }

 private:
  Result<> compress(std::string_view bytes, ZSTD_EndDirective how) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    for (;;) {
      ZSTD_outBuffer out{buffer_.data(), buffer_.size(), 0};
      const std::size_t left = ZSTD_compressStream2(zstd_.get(), &out, &in, how);
      if (ZSTD_isError(left) != 0) return fail(Errc::internal, ZSTD_getErrorName(left));
      const std::string_view made(buffer_.data(), out.pos);
      file_digest_.update(made);
      size_ += made.size();
      TRY(write_all(file_.get(), made));
      if (how == ZSTD_e_end ? left == 0 : in.pos == in.size) return {};
    }
  }

  UniqueFd file_;
  std::unique_ptr<ZSTD_CCtx, ZstdEnd> zstd_;
  runtime::Sha256 tar_digest_;
  runtime::Sha256 file_digest_;
  std::uint64_t size_ = 0;
  std::vector<char> buffer_ = std::vector<char>(ZSTD_CStreamOutSize());
};

bool is_opaque(const fs::path& path) {
  std::array<char, 4> value{};
  return ::lgetxattr(path.c_str(), "trusted.overlay.opaque", value.data(), value.size()) > 0 &&
         value[0] == 'y';
}

class RootWriter {
 public:
  RootWriter(fs::path root, const RootLayerOptions& options, TarWriter& tar)
      : root_(std::move(root)), options_(options), tar_(tar) {}

  Result<> folder(const std::string& path) {
    std::vector<std::string> names;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(root_ / path, error)) {
      names.push_back(entry.path().filename().string());
    }
    if (error) return fail(Errc::internal, path + ": " + error.message());
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
      TRY(entry(path.empty() ? name : path + "/" + name));
    }
    return {};
  }

 private:
  Result<> entry(const std::string& path) {
    struct stat seen {};
    if (::lstat((root_ / path).c_str(), &seen) < 0) return fail_syscall(path, errno);
    if (S_ISCHR(seen.st_mode) && seen.st_rdev == ::makedev(0, 0)) return whiteout(path);
    if (S_ISDIR(seen.st_mode)) return sub_folder(path, seen);
    if (S_ISLNK(seen.st_mode)) {
      std::error_code error;
      const fs::path target = fs::read_symlink(root_ / path, error);
      if (error) return fail(Errc::internal, path + ": " + error.message());
      return header(path, seen, target.c_str(), nullptr);
    }
    if (!S_ISREG(seen.st_mode)) return {};
    if (seen.st_nlink > 1) {
      const auto [first, is_new] = first_names_.try_emplace(seen.st_ino, path);
      if (!is_new) return header(path, seen, nullptr, first->second.c_str());
    }
    return file(path, seen);
  }

  Result<> sub_folder(const std::string& path, const struct stat& seen) {
    TRY(header(path + "/", seen, nullptr, nullptr));
    const auto& emptied = options_.emptied;
    if (std::find(emptied.begin(), emptied.end(), path) != emptied.end()) return {};
    if (is_opaque(root_ / path) && hides_a_folder(path)) TRY(marker(path + "/.wh..wh..opq"));
    return folder(path);
  }

  bool hides_a_folder(const std::string& path) const {
    std::error_code ignored;
    return std::any_of(options_.lowers.begin(), options_.lowers.end(), [&](const fs::path& lower) {
      return fs::is_directory(fs::symlink_status(lower / path, ignored));
    });
  }

  Result<> whiteout(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::size_t name = slash == std::string::npos ? 0 : slash + 1;
    return marker(path.substr(0, name) + ".wh." + path.substr(name));
  }

  Result<> marker(const std::string& path) {
    struct stat empty {};
    empty.st_mode = S_IFREG | 0644;
    return header(path, empty, nullptr, nullptr);
  }

  Result<> file(const std::string& path, const struct stat& seen) {
    const UniqueFd source = TRY(open_file(root_ / path, O_RDONLY | O_NOFOLLOW));
    TRY(header(path, seen, nullptr, nullptr));
    auto left = static_cast<std::uint64_t>(seen.st_size);
    while (left > 0) {
      const std::size_t got = TRY(read_some(source.get(), buffer_.data(), buffer_.size()));
      const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(got, left));
      if (take == 0) return fail(Errc::internal, path + ": changed while it was read");
      TRY(tar_.data({buffer_.data(), take}));
      left -= take;
    }
    return {};
  }

  Result<> header(const std::string& path, const struct stat& seen, const char* link,
                  const char* twin) {
    TarEntry out{.path = path, .mode = seen.st_mode, .uid = seen.st_uid, .gid = seen.st_gid};
    out.time = kEntryTime;
    if (S_ISREG(seen.st_mode)) out.size = static_cast<std::uint64_t>(seen.st_size);
    if (link != nullptr) out.link = link;
    if (twin != nullptr) out.twin = twin;
    return tar_.add(out);
  }

  fs::path root_;
  const RootLayerOptions& options_;
  TarWriter& tar_;
  std::vector<char> buffer_ = std::vector<char>(256 << 10);
  std::unordered_map<ino_t, std::string> first_names_;
};

Result<runtime::LayerFile> write(const fs::path& root, const fs::path& file,
                                 const RootLayerOptions& options) {
  UniqueFd opened = TRY(open_file(file, O_CREAT | O_TRUNC | O_WRONLY, 0644));
  Chain chain(std::move(opened));
  TarWriter tar([&chain](std::string_view bytes) { return chain.take(bytes); });
  TRY(RootWriter(root, options, tar).folder(""));
  TRY(tar.finish());
  return chain.finish(file);
}

}  // namespace

Result<runtime::LayerFile> write_root_layer(const fs::path& root, const fs::path& file,
                                            const RootLayerOptions& options) {
  Result<runtime::LayerFile> layer = write(root, file, options);
  std::error_code ignored;
  if (!layer) fs::remove(file, ignored);
  return layer;
}

}  // namespace dokku::buildstep
