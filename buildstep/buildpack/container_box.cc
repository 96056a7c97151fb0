#include "buildstep/buildpack/container_box.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "base/io.h"
#include "base/log.h"
#include "buildstep/buildpack/frame_runner.h"
#include "buildstep/source/worker_call.h"

namespace dokku::buildstep {
namespace {

namespace fs = std::filesystem;
using runtime::ContainerId;

constexpr const char* kLabel = "dokku.build";
constexpr const char* kInit = "/.dokku/init";
constexpr const char* kBundle = "/etc/ssl/certs/ca-certificates.crt";
constexpr std::uint32_t kPids = 4096;
constexpr std::uint32_t kCpuShares = 128;  // an eighth of a running app's weight
constexpr std::chrono::seconds kReadyLimit{30};
constexpr std::chrono::seconds kEventLimit{1};
constexpr std::chrono::seconds kStopLimit{1};

// The container, its address and its FIFOs; whatever exists of them is removed in the end.
class ContainerBox : public BuildBox {
 public:
  ContainerBox(const BuilderOptions& options, runtime::Containers& containers,
               runtime::Networks& networks, ContainerId id, fs::path fifos)
      : options_(options),
        containers_(containers),
        networks_(networks),
        id_(std::move(id)),
        fifos_(std::move(fifos)) {}

  ~ContainerBox() override {
    end_by_itself();
    watch_.reset();
    const Result<> removed = containers_.remove(id_);
    if (!removed) log::warn("build container " + id_.str() + ": " + removed.error().message());
    const Result<> detached = networks_.detach(id_);
    if (!detached) log::warn("build network " + id_.str() + ": " + detached.error().message());
    std::error_code ignored;
    fs::remove(fifos_ / "in", ignored);
    fs::remove(fifos_ / "out", ignored);
  }

  Result<> open(const BoxSpec& spec, const CancelToken& cancel) {
    const runtime::Endpoint endpoint = TRY(networks_.attach(id_));
    TRY(containers_.create(container_spec(spec, endpoint)));
    runtime::Stdio stdio;
    stdio.kind = runtime::Stdio::Kind::fifos;
    stdio.in = TRY(make_fifo("in"));
    stdio.out = TRY(make_fifo("out"));
    // Ends of ours are open before the runtime opens its own, so that neither waits.
    UniqueFd replies = TRY(open_file(stdio.out, O_RDONLY | O_NONBLOCK));
    UniqueFd requests = TRY(open_file(stdio.in, O_RDWR | O_NONBLOCK));
    // A limit that kills one process of many is an event; nothing tells of it afterwards.
    watch_ = containers_.watch([this](const runtime::Change& change) {
      if (change.kind != runtime::Change::Kind::out_of_memory || change.id != id_.str()) return;
      const std::lock_guard hold(mutex_);
      out_of_memory_ = true;
      changed_.notify_all();
    });
    TRY(containers_.start(id_, stdio));
    runner_.emplace(std::move(requests), std::move(replies), [this] { return alive(); });
    return runner_->ready(kReadyLimit, cancel);
  }

  Result<PhaseEnd> run(const Phase& phase, const PhaseLimits& limits, PhaseWatcher& watcher,
                       const CancelToken& cancel) override {
    return runner_->run(phase, limits, watcher, cancel);
  }
  const Places& places() const override { return places_; }
  bool out_of_memory() override {
    std::unique_lock hold(mutex_);
    // The event may come after the news of the exit.
    changed_.wait_for(hold, kEventLimit, [this] { return out_of_memory_; });
    return out_of_memory_;
  }

 private:
  // A container that has ended is removed without a program that kills it.
  void end_by_itself() {
    if (!runner_) return;
    runner_->stop();
    runner_.reset();
    const auto ended = containers_.wait(id_, kStopLimit);
    if (!ended && ended.error().code() == Errc::timed_out) {
      log::warn("build container " + id_.str() + " does not end by itself");
    }
  }

  Result<fs::path> make_fifo(const char* name) {
    const fs::path path = fifos_ / name;
    std::error_code ignored;
    fs::remove(path, ignored);
    if (::mkfifo(path.c_str(), 0600) < 0) return fail_syscall("mkfifo " + path.string(), errno);
    return path;
  }

  runtime::ContainerSpec container_spec(const BoxSpec& spec, const runtime::Endpoint& endpoint) {
    if (spec.built) places_.build = places_.home;
    runtime::ContainerSpec out{.id = id_, .image = spec.image};
    out.labels = {{kLabel, spec.build_id}};
    out.args = {kInit, "--serve"};
    out.env = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
    out.user = {kBuildUid, kBuildUid};
    out.hostname = endpoint.hostname.empty() ? "build" : endpoint.hostname;
    out.network_namespace = endpoint.network_namespace;
    out.shim_group = spec.shim_group;
    out.limits = {.memory_bytes = spec.memory_bytes, .cpu_shares = kCpuShares, .pids = kPids};
    out.mounts = {
        {options_.init_program, kInit, true}, {spec.build, places_.build, false},
        {spec.cache, places_.cache, false},   {spec.env, places_.env, false},
        {spec.packs, places_.packs, false},   {networks_.resolv_conf(), "/etc/resolv.conf", true}};
    if (!endpoint.hosts_file.empty()) {
      out.mounts.push_back({endpoint.hosts_file, "/etc/hosts", true});
    }
    std::error_code ignored;
    if (fs::exists(options_.ca_bundle, ignored)) {
      out.mounts.push_back({options_.ca_bundle, kBundle, true});
      places_.ca_bundle = kBundle;
    }
    return out;
  }

  Result<> alive() {
    const runtime::Seen seen = TRY(containers_.inspect(id_));
    if (seen.state == runtime::Seen::State::running) return {};
    if (seen.exit && seen.exit->out_of_memory) {
      return fail(Errc::limit_exceeded, "The build ran out of memory");
    }
    return fail(Errc::unavailable, "The build container ended");
  }

  const BuilderOptions& options_;
  runtime::Containers& containers_;
  runtime::Networks& networks_;
  ContainerId id_;
  fs::path fifos_;
  Places places_;
  std::optional<FramePhaseRunner> runner_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool out_of_memory_ = false;
  std::unique_ptr<runtime::Watch> watch_;
};

class ContainerBoxes : public BuildBoxes {
 public:
  ContainerBoxes(const BuilderOptions& options, runtime::Containers& containers,
                 runtime::Networks& networks)
      : options_(options), containers_(containers), networks_(networks) {}

  Result<std::unique_ptr<BuildBox>> open(const BoxSpec& spec, const CancelToken& cancel) override {
    ContainerId id = TRY(ContainerId::parse(options_.container_prefix + "." + spec.build_id));
    auto box = std::make_unique<ContainerBox>(options_, containers_, networks_, std::move(id),
                                              options_.run_dir / spec.build_id);
    Result<> opened = box->open(spec, cancel);
    if (!opened) return Fail(std::move(opened).error().while_("Cannot start the build container"));
    return std::unique_ptr<BuildBox>(std::move(box));
  }

  Result<> remove_left_overs() override {
    const std::vector<runtime::Seen> all = TRY(containers_.list({}));
    for (const runtime::Seen& seen : all) {
      if (!seen.id.str().starts_with(options_.container_prefix + ".") ||
          !seen.labels.contains(kLabel)) {
        continue;
      }
      TRY(containers_.remove(seen.id));
      TRY(networks_.detach(seen.id));
    }
    return {};
  }

 private:
  const BuilderOptions& options_;
  runtime::Containers& containers_;
  runtime::Networks& networks_;
};

}  // namespace

std::unique_ptr<BuildBoxes> container_boxes(const BuilderOptions& options,
                                            runtime::Containers& containers,
                                            runtime::Networks& networks) {
  return std::make_unique<ContainerBoxes>(options, containers, networks);
}

}  // namespace dokku::buildstep
