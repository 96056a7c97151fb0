#include "server/deploy/source.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>
#include <zstd.h>

#include <cerrno>
#include <memory>
#include <system_error>
#include <vector>

#include "base/io.h"
#include "runtime/digest/sha256.h"

namespace dokku::server {
namespace {

constexpr int kLevel = 1;  // the network was slower, and a push waits for it
constexpr std::size_t kPiece = 128 << 10;
constexpr std::size_t kDigestShown = 32;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

// Compresses what it is given into a file.
class Compressor {
 public:
  explicit Compressor(int fd) : fd_(fd), context_(ZSTD_createCCtx()), out_(ZSTD_CStreamOutSize()) {
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, kLevel);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
  }

  Result<> add(std::string_view bytes, ZSTD_EndDirective how) {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    for (;;) {
      ZSTD_outBuffer out{out_.data(), out_.size(), 0};
      const std::size_t left = ZSTD_compressStream2(context_.get(), &out, &in, how);
      if (ZSTD_isError(left) != 0) return fail(Errc::internal, ZSTD_getErrorName(left));
      TRY(write_all(fd_, std::string_view(out_.data(), out.pos)));
      const bool done = how == ZSTD_e_end ? left == 0 : in.pos == in.size;
      if (done) return {};
    }
  }

 private:
  int fd_;
  std::unique_ptr<ZSTD_CCtx, FreeContext> context_;
  std::vector<char> out_;
};

// Removed when it is not renamed to its final name.
class Incoming {
 public:
  explicit Incoming(std::filesystem::path path) : path_(std::move(path)) {}
  ~Incoming() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove(path_, ignored);
  }
  Incoming(const Incoming&) = delete;
  Incoming& operator=(const Incoming&) = delete;

  Result<> become(const std::filesystem::path& final_path) {
    if (::rename(path_.c_str(), final_path.c_str()) != 0) {
      return fail_syscall("rename " + final_path.string(), errno);
    }
    path_.clear();
    const UniqueFd folder = TRY(open_file(final_path.parent_path(), O_RDONLY | O_DIRECTORY));
    if (::fsync(folder.get()) != 0) return fail_syscall("fsync", errno);
    return {};
  }

 private:
  std::filesystem::path path_;
};

// Blocks until there is something to read or the person is gone.
Result<> await_readable(int fd, const CancelToken& cancel) {
  pollfd look[2] = {{fd, POLLIN, 0}, {cancel.fd(), POLLIN, 0}};
  while (::poll(look, 2, -1) < 0) {
    if (errno != EINTR) return fail_syscall("poll", errno);
  }
  if (cancel.cancelled()) return fail(Errc::cancelled, "Cancelled");
  return {};
}

}  // namespace

Result<KeptSource> keep_source(int tar_fd, const SourcePlace& place, const CancelToken& cancel) {
  const std::filesystem::path folder = place.directory / place.app;
  std::error_code failed;
  std::filesystem::create_directories(folder, failed);
  if (failed) return fail(Errc::internal, "mkdir " + folder.string() + ": " + failed.message());
  const std::filesystem::path fresh = folder / "incoming";  // one deploy of an app at a time
  UniqueFd file = TRY(open_file(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  Incoming incoming(fresh);
  Compressor compressor(file.get());
  runtime::Sha256 hash;
  KeptSource kept;
  std::vector<char> piece(kPiece);
  for (;;) {
    TRY(await_readable(tar_fd, cancel));
    const std::size_t got = TRY(read_some(tar_fd, piece.data(), piece.size()));
    if (got == 0) break;
    kept.bytes += got;
    if (kept.bytes > kSourceBytesMax) {
      return fail(Errc::limit_exceeded, "The pushed tree is larger than 2 GiB");
    }
    const std::string_view bytes(piece.data(), got);
    hash.update(bytes);
    TRY(compressor.add(bytes, ZSTD_e_continue));
  }
  if (kept.bytes == 0) return fail(Errc::invalid_argument, "The pushed tree did not arrive");
  TRY(compressor.add({}, ZSTD_e_end));
  if (::fdatasync(file.get()) != 0) return fail_syscall("fdatasync " + fresh.string(), errno);
  kept.digest = hash.finish();
  const std::string name = kept.digest.substr(kept.digest.find(':') + 1, kDigestShown);
  kept.file = place.app + "/" + name + ".tar.zst";
  TRY(incoming.become(place.directory / kept.file));
  return kept;
}

Result<> remove_other_sources(const SourcePlace& place, const std::set<std::string>& keep) {
  std::error_code failed;
  const std::filesystem::path folder = place.directory / place.app;
  std::filesystem::directory_iterator entries(folder, failed);
  if (failed) return {};  // never pushed
  for (const auto& entry : entries) {
    if (keep.contains(place.app + "/" + entry.path().filename().string())) continue;
    std::filesystem::remove(entry.path(), failed);
    if (failed) return fail(Errc::internal, entry.path().string() + ": " + failed.message());
  }
  if (keep.empty()) std::filesystem::remove(folder, failed);
  return {};
}

}  // namespace dokku::server
