// Phases as plain processes under the build user, in folders of the host: the executor's tests
// need no container. A phase is a process group of its own and is killed as one.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include <array>

#include "base/io.h"
#include "buildstep/buildpack/build_box.h"
#include "buildstep/source/worker_call.h"

namespace dokku::buildstep {

class LocalBox : public BuildBox {
 public:
  LocalBox(const BoxSpec& spec, const std::filesystem::path& home) {
    places_ = {spec.build.string(), spec.cache.string(), spec.env.string(),
               spec.packs.string(), home.string(),       ""};
    if (spec.built) places_.home = places_.build;
  }
  const Places& places() const override { return places_; }
  bool out_of_memory() override { return out_of_memory_; }

  Result<PhaseEnd> run(const Phase& phase, const PhaseLimits& limits, PhaseWatcher& watcher,
                       const CancelToken& cancel) override {
    Pipe out = TRY(make_pipe());
    Pipe err = TRY(make_pipe());
    ProcessSpec spec{.program = phase.argv[0],
                     .arguments = phase.argv,
                     .environment = phase.environment,
                     .directory = phase.directory};
    spec.stdout_fd = out.write.get();
    spec.stderr_fd = phase.separate_streams ? err.write.get() : out.write.get();
    spec.uid = kBuildUid;
    spec.gid = kBuildUid;
    spec.new_session = true;
    const TimePoint started = std::chrono::steady_clock::now();
    Process process = TRY(Process::start(spec));
    const pid_t group = process.pid();
    out.write.reset();
    err.write.reset();
    PhaseEnd end;
    TimePoint heard = started;
    for (bool killed = false;;) {
      std::array<pollfd, 4> wait{
          pollfd{out.read.get(), POLLIN, 0}, pollfd{err.read.get(), POLLIN, 0},
          pollfd{process.pidfd(), POLLIN, 0}, pollfd{cancel.fd(), POLLIN, 0}};
      if (killed) wait[3].fd = -1;
      ::poll(wait.data(), wait.size(), 20);
      for (const int index : {0, 1}) {
        if (wait[index].revents != 0 && take(wait[index].fd, index + 1, watcher)) {
          heard = std::chrono::steady_clock::now();
        }
      }
      if (wait[2].revents != 0) break;
      const TimePoint now = std::chrono::steady_clock::now();
      if (killed) continue;
      if (wait[3].revents != 0) end.why = PhaseEnd::Why::cancelled;
      if (now - started > limits.total) end.why = PhaseEnd::Why::total_limit;
      if (now - heard > limits.silence) end.why = PhaseEnd::Why::silence_limit;
      killed = end.why != PhaseEnd::Why::ended;
      if (killed) ::kill(-group, SIGKILL);
    }
    ::kill(-group, SIGKILL);
    end.wall = std::chrono::steady_clock::now() - started;
    end.status = TRY(process.wait());
    while (take(out.read.get(), 1, watcher)) {
    }
    while (take(err.read.get(), 2, watcher)) {
    }
    return end;
  }

  bool out_of_memory_ = false;

 private:
  static bool take(int fd, int stream, PhaseWatcher& watcher) {
    std::array<char, 65536> piece{};
    pollfd wait{fd, POLLIN, 0};
    if (::poll(&wait, 1, 0) <= 0) return false;
    const ssize_t got = ::read(fd, piece.data(), piece.size());
    if (got <= 0) return false;
    watcher.output(stream, {piece.data(), static_cast<std::size_t>(got)});
    return true;
  }
  Places places_;
};

class LocalBoxes : public BuildBoxes {
 public:
  explicit LocalBoxes(std::filesystem::path home) : home_(std::move(home)) {}
  Result<std::unique_ptr<BuildBox>> open(const BoxSpec& spec, const CancelToken&) override {
    images_.push_back(spec.image.str());
    auto box = std::make_unique<LocalBox>(spec, home_);
    box->out_of_memory_ = out_of_memory_;
    return std::unique_ptr<BuildBox>(std::move(box));
  }
  Result<> remove_left_overs() override { return {}; }

  std::vector<std::string> images_;
  bool out_of_memory_ = false;

 private:
  std::filesystem::path home_;
};

}  // namespace dokku::buildstep
