#include "server/deploy/command_probe.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace dokku::server {
namespace {

constexpr std::size_t kOutputBytesMax = 64 << 10;
constexpr std::size_t kShownMax = 160;

// Shared with the executor's thread, which may still call when the probe is gone.
struct Ended {
  UniqueFd event{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::atomic<int> status{-1};
};

std::string last_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  text.erase(0, text.rfind('\n') + 1);
  return text.substr(0, kShownMax);
}

class CommandProbe final : public Probe {
 public:
  CommandProbe(std::unique_ptr<OneOff> process, std::string content)
      : content_(std::move(content)), process_(std::move(process)) {
    streams_ = process_->take_streams();
    streams_.in.reset();
    static_cast<void>(process_->close_stdin());  // it may be over
    for (const int fd : {streams_.out.get(), streams_.err.get()}) {
      if (fd >= 0) ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    }
    process_->on_exit([ended = ended_](const runtime::Exit& exit) {
      ended->status = exit.status;
      const std::uint64_t one = 1;
      [[maybe_unused]] const ssize_t ignored = ::write(ended->event.get(), &one, sizeof one);
    });
  }

  std::vector<pollfd> waits() const override {
    return {{ended_->event.get(), POLLIN, 0},
            {out_open_ ? streams_.out.get() : -1, POLLIN, 0},
            {err_open_ ? streams_.err.get() : -1, POLLIN, 0}};
  }

  std::optional<Result<>> advance() override {
    const int status = ended_->status;
    out_open_ = out_open_ && collect(streams_.out.get());
    err_open_ = err_open_ && collect(streams_.err.get());
    if (status < 0) return std::nullopt;
    const std::string said = output_.empty() ? "" : ", it said: " + last_line(output_);
    if (status != 0) {
      return Result<>(fail(Errc::unavailable,
                           "expected status 0, got " + std::to_string(status) + said));
    }
    if (content_.empty() || output_.find(content_) != std::string::npos) return Result<>();
    return Result<>(
        fail(Errc::unavailable, "expected \"" + content_ + "\" in its output" + said));
  }

  const char* standing() const override { return "the command does not end"; }

 private:
  // False: at its end.
  bool collect(int fd) {
    char piece[4096];
    for (;;) {
      const ssize_t got = fd < 0 ? 0 : ::read(fd, piece, sizeof piece);
      if (got < 0) return errno == EAGAIN || errno == EINTR;
      if (got == 0) return false;
      const auto room = kOutputBytesMax - std::min(output_.size(), kOutputBytesMax);
      output_.append(piece, std::min(static_cast<std::size_t>(got), room));
    }
  }

  std::string content_;
  std::shared_ptr<Ended> ended_ = std::make_shared<Ended>();
  std::unique_ptr<OneOff> process_;
  Streams streams_;
  bool out_open_ = true, err_open_ = true;
  std::string output_;
};

}  // namespace

std::unique_ptr<Probe> make_command_probe(Executor& executor, const InstanceSeen& seen,
                                          const HealthCheck& check) {
  EnterSpec spec{.app = seen.app, .type = seen.type, .index = seen.index, .command = check.command};
  spec.release = seen.release;
  Result<std::unique_ptr<OneOff>> process = executor.enter(spec);
  if (!process) return std::make_unique<FailedProbe>(process.error());
  return std::make_unique<CommandProbe>(*std::move(process), check.content);
}

}  // namespace dokku::server
