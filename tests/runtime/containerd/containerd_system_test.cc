// What only a real containerd can show: hardening, limits, streams, deaths, namespaces, mounts.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <semaphore>
#include <thread>

#include "base/io.h"
#include "tests/paths/paths.h"
#include "tests/runtime/containerd/layer_writer.h"
#include "tests/runtime/containerd/real_containerd.h"

namespace dokku::testing {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using runtime::ContainerId;
using runtime::ContainerSpec;
using runtime::ImageRef;
using runtime::Seen;
using runtime::Stdio;

class ContainerdSystem : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string why_not = RealContainerd::why_not();
    if (!why_not.empty()) GTEST_SKIP() << why_not;
    real_ = &RealContainerd::get();
  }
  void TearDown() override {
    for (const ContainerId& id : made_) {
      const Result<> removed = c().remove(id);
      EXPECT_TRUE(removed.has_value()) << removed.error().message();
    }
  }

  runtime::Containers& c() { return real_->containers(); }

  ContainerSpec spec(std::vector<std::string> words) {
    static std::atomic<int> counter{0};
    words.insert(words.begin(), "/testbox");
    ContainerSpec made{*ContainerId::parse("sys." + std::to_string(++counter)), real_->image(), {}};
    made.args = std::move(words);
    made_.push_back(made.id);
    return made;
  }
  void run(const ContainerSpec& made, const Stdio& stdio = {}) {
    const Result<> created = c().create(made);
    ASSERT_TRUE(created.has_value()) << created.error().message();
    const Result<pid_t> started = c().start(made.id, stdio);
    ASSERT_TRUE(started.has_value()) << started.error().message();
  }
  int status_of(const ContainerSpec& made) {
    const auto exit = c().wait(made.id, 20s);
    EXPECT_TRUE(exit.has_value()) << exit.error().message();
    return exit ? exit->status : -1;
  }
  // Runs to the end and returns what was printed to standard output.
  std::string output_of(const ContainerSpec& made) {
    Fifo out(fifo_path());
    out.open_for_reading();
    run(made, {Stdio::Kind::fifos, "", out.path(), ""});
    return out.read();
  }
  fs::path fifo_path() {
    static std::atomic<int> counter{0};
    return real_->directory() / ("fifo" + std::to_string(++counter));
  }

  RealContainerd* real_ = nullptr;
  std::vector<ContainerId> made_;
};

std::string line_of(const std::string& text, const std::string& key) {
  const std::size_t at = text.find(key);
  if (at == std::string::npos) return "";
  return text.substr(at, text.find('\n', at) - at);
}

// --- hardening

TEST_F(ContainerdSystem, ProcessesHaveNoPowers) {
  const std::string status = output_of(spec({"show", "/proc/self/status"}));
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    EXPECT_EQ(line_of(status, set), std::string(set) + ":\t0000000000000000");
  }
  EXPECT_EQ(line_of(status, "NoNewPrivs"), "NoNewPrivs:\t1");
  EXPECT_EQ(line_of(status, "Seccomp:"), "Seccomp:\t2");
  EXPECT_EQ(line_of(status, "Uid"), "Uid:\t32767\t32767\t32767\t32767");
  EXPECT_EQ(line_of(status, "Groups").find_first_of("0123456789"), std::string::npos);
}

TEST_F(ContainerdSystem, NothingLeadsOut) {
  EXPECT_EQ(output_of(spec({"break-out"})), "tried\n");
  ContainerSpec as_root = spec({"break-out"});
  as_root.user = {0, 0};
  EXPECT_EQ(output_of(as_root), "tried\n");
}

TEST_F(ContainerdSystem, BindsAreReadOnlyUnlessAsked) {
  const fs::path directory = real_->directory() / "bound";
  fs::create_directory(directory);
  ASSERT_EQ(::chown(directory.c_str(), 32767, 32767), 0);
  ContainerSpec closed = spec({"write", "/bound/a", "text"});
  closed.mounts = {{directory, "/bound", true}};
  run(closed);
  EXPECT_EQ(status_of(closed), EROFS);
  ContainerSpec open = spec({"write", "/bound/a", "text"});
  open.mounts = {{directory, "/bound", false}};
  run(open);
  EXPECT_EQ(status_of(open), 0);
  EXPECT_EQ(*read_file(directory / "a"), "text");
}

TEST_F(ContainerdSystem, OneFileCanBeBoundAndTheRootClosed) {
  const fs::path file = real_->directory() / "resolv.conf";
  ASSERT_TRUE(write_all(open_file(file, O_WRONLY | O_CREAT, 0644)->get(), "nameserver x\n"));
  ContainerSpec bound = spec({"show", "/etc/resolv.conf"});
  bound.mounts = {{file, "/etc/resolv.conf", true}};
  EXPECT_EQ(output_of(bound), "nameserver x\n");
  ContainerSpec closed = spec({"write", "/tmp/a", "text"});
  closed.read_only_root = true;
  run(closed);
  EXPECT_EQ(status_of(closed), EROFS);
}

TEST_F(ContainerdSystem, HostnameAndEnvironmentAreAsGiven) {
  ContainerSpec made = spec({"show", "/proc/self/environ"});
  made.env = {"HOME=/app", "PORT=5000"};
  EXPECT_EQ(output_of(made), std::string("HOME=/app\0PORT=5000\0", 20));
  ContainerSpec named = spec({"show", "/proc/sys/kernel/hostname"});
  named.hostname = "blog";
  EXPECT_EQ(output_of(named), "blog\n");
}

// --- limits

TEST_F(ContainerdSystem, MemoryIsLimitedAndItsLackIsTold) {
  ContainerSpec made = spec({"hog"});
  made.limits.memory_bytes = 32 << 20;
  run(made);
  const auto exit = c().wait(made.id, 20s);
  ASSERT_TRUE(exit.has_value()) << exit.error().message();
  EXPECT_EQ(exit->status, 137);
  EXPECT_TRUE(exit->out_of_memory);
  EXPECT_TRUE(c().inspect(made.id)->exit->out_of_memory);
}

TEST_F(ContainerdSystem, LackOfMemoryIsToldAlsoOfAChild) {
  ContainerSpec made = spec({"hog-child"});
  made.limits.memory_bytes = 32 << 20;
  run(made);
  const auto exit = c().wait(made.id, 20s);
  ASSERT_TRUE(exit.has_value()) << exit.error().message();
  EXPECT_EQ(exit->status, 0);
  EXPECT_TRUE(exit->out_of_memory);
}

TEST_F(ContainerdSystem, LimitsReachTheKernelAndChangeBothWays) {
  ContainerSpec made = spec({"sleep"});
  made.limits = {.memory_bytes = 64 << 20,
                 .cpu_millis = 500,
                 .cpu_shares = 128,
                 .pids = 32,
                 .open_files = 100};
  run(made);
  const auto read_limit = [&]() -> std::string {
    const std::string id = real_->options().cgroup_parent + "/" + made.id.str();
    const auto v1 = read_file("/sys/fs/cgroup/memory" + id + "/memory.limit_in_bytes");
    return v1 ? *v1 : *read_file("/sys/fs/cgroup" + id + "/memory.max");
  };
  EXPECT_EQ(read_limit(), std::to_string(64 << 20) + "\n");
  for (const std::uint64_t bytes : {128ULL << 20, 48ULL << 20}) {
    runtime::Limits changed = made.limits;
    changed.memory_bytes = bytes;
    const auto limited = c().limit(made.id, changed);
    ASSERT_TRUE(limited.has_value()) << limited.error().message();
    EXPECT_EQ(read_limit(), std::to_string(bytes) + "\n");
  }
}

// --- streams

TEST_F(ContainerdSystem, InputReachesItsEndAndOutputIsWhole) {
  Fifo in(fifo_path());
  Fifo out(fifo_path());
  in.open_for_writing();
  out.open_for_reading();
  const ContainerSpec made = spec({"cat"});
  run(made, {Stdio::Kind::fifos, in.path(), out.path(), ""});
  const std::string text(1 << 20, 'x');
  std::thread writer([&] {
    in.write(text);
    in.close();
    EXPECT_TRUE(c().close_stdin(made.id, "").has_value());
  });
  EXPECT_EQ(out.read().size(), text.size());
  writer.join();
  EXPECT_EQ(status_of(made), 0);
}

TEST_F(ContainerdSystem, ExecsHaveStreamsOfTheirOwn) {
  const ContainerSpec made = spec({"sleep"});
  run(made);
  Fifo out(fifo_path());
  Fifo err(fifo_path());
  out.open_for_reading();
  err.open_for_reading();
  const runtime::ExecSpec what{"e1", {"/testbox", "say", "hello", "trouble"}};
  ASSERT_TRUE(
      c().exec(made.id, what, {Stdio::Kind::fifos, "", out.path(), err.path()}).has_value());
  EXPECT_EQ(out.read(), "hello\n");
  EXPECT_EQ(err.read(), "trouble");
  EXPECT_EQ(c().exec_wait(made.id, "e1", 10s)->status, 0);
}

TEST_F(ContainerdSystem, TerminalsHaveASizeThatChanges) {
  Fifo in(fifo_path());
  Fifo out(fifo_path());
  in.open_for_writing();
  out.open_for_reading();
  ContainerSpec made = spec({"resized"});
  made.terminal = true;
  run(made, {Stdio::Kind::fifos, in.path(), out.path(), ""});
  ASSERT_TRUE(c().resize(made.id, "", 132, 43).has_value());
  EXPECT_EQ(out.read("rows"), "132 columns 43 rows\r\n");
  EXPECT_EQ(status_of(made), 0);
}

TEST_F(ContainerdSystem, ExecsCanHaveATerminal) {
  const ContainerSpec made = spec({"sleep"});
  run(made);
  Fifo in(fifo_path());
  Fifo out(fifo_path());
  in.open_for_writing();
  out.open_for_reading();
  runtime::ExecSpec what{"tty", {"/testbox", "resized"}};
  what.terminal = true;
  ASSERT_TRUE(c().exec(made.id, what, {Stdio::Kind::fifos, in.path(), out.path(), ""}).has_value());
  ASSERT_TRUE(c().resize(made.id, "tty", 80, 24).has_value());
  EXPECT_EQ(out.read("rows"), "80 columns 24 rows\r\n");
}

TEST_F(ContainerdSystem, TheLoggerGetsBothStreams) {
  const fs::path log = real_->directory() / "log file & more";
  const ContainerSpec made = spec({"say", "hello", "trouble"});
  run(made,
      {Stdio::Kind::logger, "", "", "", tests::binary_dir() / "testbox", "log", log.string()});
  EXPECT_EQ(status_of(made), 0);
  // The removal of the task waits until the logger has read all.
  ASSERT_TRUE(c().remove(made.id).has_value());
  const std::string text = read_file(log).value_or("");
  EXPECT_NE(text.find("out hello"), std::string::npos) << text;
  EXPECT_NE(text.find("err trouble"), std::string::npos) << text;
}

TEST_F(ContainerdSystem, AMissingProgramFailsTheStartAndLeavesNothing) {
  ContainerSpec made = spec({"sleep"});
  made.args = {"/not-there"};
  ASSERT_TRUE(c().create(made).has_value());
  const auto started = c().start(made.id, {});
  ASSERT_FALSE(started.has_value());
  EXPECT_NE(started.error().message().find("/not-there"), std::string::npos)
      << started.error().message();
  EXPECT_EQ(c().inspect(made.id)->state, Seen::State::no_task);
}

// --- namespaces and mounts

// A network namespace kept by a bind mount, as runtime/network makes them.
class NetworkNamespace {
 public:
  explicit NetworkNamespace(const fs::path& at) : at_(at) {
    const UniqueFd file = *open_file(at, O_WRONLY | O_CREAT);
    std::thread([this] {
      made_ = ::unshare(CLONE_NEWNET) == 0 &&
              ::mount("/proc/thread-self/ns/net", at_.c_str(), nullptr, MS_BIND, nullptr) == 0;
    }).join();
  }
  ~NetworkNamespace() {
    ::umount2(at_.c_str(), MNT_DETACH);
    ::unlink(at_.c_str());
  }
  bool made() const { return made_; }
  std::string inode() const {
    struct stat found {};
    ::stat(at_.c_str(), &found);
    return std::to_string(found.st_ino);
  }

 private:
  fs::path at_;
  bool made_ = false;
};

TEST_F(ContainerdSystem, ANetworkNamespaceMadeOutsideIsTheContainers) {
  const NetworkNamespace outside(real_->directory() / "netns");
  ASSERT_TRUE(outside.made());
  ContainerSpec made = spec({"netns"});
  made.network_namespace = real_->directory() / "netns";
  EXPECT_EQ(output_of(made), outside.inode() + "\n");
  const std::string own = output_of(spec({"netns"}));
  EXPECT_NE(own, outside.inode() + "\n");
}

TEST_F(ContainerdSystem, WhatAContainerWroteIsReadFromOutside) {
  const ContainerSpec made = spec({"write", "/tmp/result", "built"});
  run(made);
  ASSERT_EQ(status_of(made), 0);
  const fs::path at = real_->directory() / "mounted";
  fs::create_directory(at);
  const auto mounted = c().mount_root(made.id, at);
  ASSERT_TRUE(mounted.has_value()) << mounted.error().message();
  EXPECT_EQ(read_file(at / "tmp/result").value_or(""), "built");
  EXPECT_TRUE(fs::exists(at / "testbox"));
  EXPECT_FALSE(open_file(at / "tmp/more", O_WRONLY | O_CREAT).has_value());
  ASSERT_TRUE(c().unmount_root(at).has_value());
  EXPECT_FALSE(fs::exists(at / "testbox"));
  EXPECT_TRUE(c().unmount_root(at).has_value());
}

TEST_F(ContainerdSystem, LayersAreStackedOnOverlayfs) {
  const auto top = write_layer(real_->directory() / "top.tar",
                               {{"tmp", 01777, "", true}, {"etc/added", 0644, "added\n"}}, true);
  const ImageRef ref = *ImageRef::parse("test/stacked:1");
  const ImageRef base = real_->image();
  ASSERT_TRUE(real_->images().compose(ref, &base, {top}, {}).has_value());
  ContainerSpec made = spec({"show", "/etc/added"});
  made.image = ref;
  EXPECT_EQ(output_of(made), "added\n");
  ASSERT_TRUE(c().remove(made.id).has_value());
  EXPECT_TRUE(real_->images().remove(ref, true).has_value());
}

TEST_F(ContainerdSystem, AnImageMayLoseItsNameUnderARunningContainer) {
  const auto top = write_layer(real_->directory() / "lost.tar", {{"etc/lost", 0644, "kept\n"}});
  const ImageRef ref = *ImageRef::parse("test/lost:1");
  const ImageRef base = real_->image();
  ASSERT_TRUE(real_->images().compose(ref, &base, {top}, {}).has_value());
  ContainerSpec made = spec({"sleep"});
  made.image = ref;
  run(made);
  ASSERT_TRUE(real_->images().remove(ref, true).has_value());
  const runtime::ExecSpec what{"e1", {"/testbox", "show", "/etc/lost"}};
  Fifo out(fifo_path());
  out.open_for_reading();
  ASSERT_TRUE(c().exec(made.id, what, {Stdio::Kind::fifos, "", out.path(), ""}).has_value());
  EXPECT_EQ(out.read(), "kept\n");
}

TEST_F(ContainerdSystem, ALayerThatIsNotWhatItClaimsIsRefused) {
  auto layer = write_layer(real_->directory() / "false.tar", {{"etc/false", 0644, "x"}});
  const auto other = write_layer(real_->directory() / "other.tar", {{"etc/other", 0644, "y"}});
  const ImageRef ref = *ImageRef::parse("test/false:1");
  auto wrong_diff_id = layer;
  wrong_diff_id.diff_id = other.diff_id;
  EXPECT_FALSE(real_->images().compose(ref, nullptr, {wrong_diff_id}, {}).has_value());
  auto wrong_bytes = layer;
  wrong_bytes.path = other.path;
  wrong_bytes.digest = *runtime::Digest::parse("sha256:" + std::string(64, '1'));
  EXPECT_FALSE(real_->images().compose(ref, nullptr, {wrong_bytes}, {}).has_value());
  EXPECT_FALSE(real_->images().inspect(ref).has_value());
}

TEST_F(ContainerdSystem, AGroupSharesOneShim) {
  ContainerSpec first = spec({"sleep"});
  ContainerSpec second = spec({"sleep"});
  first.shim_group = second.shim_group = "app";
  run(first);
  run(second);
  const auto parent_of = [&](const ContainerSpec& made) {
    const std::string pid = std::to_string(c().inspect(made.id)->pid);
    return line_of(*read_file("/proc/" + pid + "/status"), "PPid");
  };
  EXPECT_EQ(parent_of(first), parent_of(second));
  // The first is the group's: its removal must not end the second.
  ASSERT_TRUE(c().remove(first.id).has_value());
  EXPECT_EQ(c().inspect(second.id)->state, Seen::State::running);
}

// --- deaths

TEST_F(ContainerdSystem, ContainersOutliveContainerdAndTheirEndsAreKnown) {
  const ContainerSpec lives = spec({"sleep"});
  const ContainerSpec ends = spec({"sleep"});
  run(lives);
  run(ends);
  const pid_t pid = c().inspect(lives.id)->pid;
  const pid_t ending = c().inspect(ends.id)->pid;
  std::counting_semaphore<> relists{0};
  const auto watch = c().watch([&](const runtime::Change& change) {
    if (change.kind == runtime::Change::Kind::relist) relists.release();
  });
  ASSERT_TRUE(relists.try_acquire_for(5s));
  std::thread waiter([&] {
    const auto exit = c().wait(ends.id, 20s);
    EXPECT_TRUE(exit.has_value()) << exit.error().message();
    EXPECT_EQ(exit ? exit->status : -1, 137);
  });
  const pid_t daemon = real_->process().pid();
  ASSERT_EQ(::kill(daemon, SIGKILL), 0);
  ASSERT_EQ(::kill(ending, SIGKILL), 0);
  const auto began = std::chrono::steady_clock::now();
  const auto seen = c().inspect(lives.id);
  const auto took = std::chrono::steady_clock::now() - began;
  ASSERT_TRUE(seen.has_value()) << seen.error().message();
  EXPECT_EQ(seen->pid, pid);
  EXPECT_EQ(seen->state, Seen::State::running);
  EXPECT_LT(took, 2s);
  RecordProperty(
      "unavailable_ms",
      static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
  waiter.join();
  EXPECT_EQ(c().stop(lives.id, 10s)->status, 143);
  EXPECT_NE(real_->process().pid(), daemon);
  EXPECT_TRUE(relists.try_acquire_for(5s));
}

TEST_F(ContainerdSystem, AnotherConnectionFindsWhatRuns) {
  ContainerSpec made = spec({"sleep"});
  made.labels = {{"dokku.app", "adopted"}};
  run(made);
  const auto other = runtime::connect(real_->options());
  ASSERT_TRUE(other.has_value());
  const auto found = other->containers->list({{"dokku.app", "adopted"}});
  ASSERT_EQ(found->size(), 1U);
  EXPECT_EQ(found->front().pid, c().inspect(made.id)->pid);
  EXPECT_TRUE(other->containers->remove(made.id).has_value());
  EXPECT_EQ(c().inspect(made.id).error().code(), Errc::not_found);
}

TEST_F(ContainerdSystem, AKilledShimIsAnEndLikeOthers) {
  const ContainerSpec made = spec({"sleep"});
  run(made);
  const std::string pid = std::to_string(c().inspect(made.id)->pid);
  const std::string shim = line_of(*read_file("/proc/" + pid + "/status"), "PPid").substr(6);
  ASSERT_EQ(::kill(std::stoi(shim), SIGKILL), 0);
  // Its task is forgotten sooner or later; either way nobody waits for ever.
  const auto exit = c().wait(made.id, 10s);
  EXPECT_EQ(exit ? exit->status : 137, 137);
  ASSERT_TRUE(c().remove(made.id).has_value());
  run(made);
  EXPECT_EQ(c().inspect(made.id)->state, Seen::State::running);
}

TEST_F(ContainerdSystem, ASecondMinderAdoptsTheSameContainerd) {
  const fs::path& directory = real_->directory();
  const auto second = runtime::PrivateContainerd::ensure(
      {.socket = directory / "run" / "c.sock", .root = directory / "root"});
  ASSERT_TRUE(second.has_value()) << second.error().message();
  EXPECT_EQ((*second)->pid(), real_->process().pid());
}

TEST(PrivateContainerd, SaysWhyItCannotStart) {
  const std::string why_not = RealContainerd::why_not();
  if (!why_not.empty()) GTEST_SKIP() << why_not;
  const fs::path directory = RealContainerd::get().directory() / "other";
  const auto missing = runtime::PrivateContainerd::ensure({.socket = directory / "c.sock",
                                                           .root = directory / "root",
                                                           .program = "/not-there/containerd"});
  ASSERT_FALSE(missing.has_value());
  EXPECT_NE(missing.error().message().find("/not-there/containerd"), std::string::npos);
  const auto ends =
      runtime::PrivateContainerd::ensure({.socket = directory / "c.sock",
                                          .root = directory / "root",
                                          .program = tests::binary_dir() / "testbox"});
  ASSERT_FALSE(ends.has_value());
  EXPECT_EQ(ends.error().code(), Errc::unavailable);
}

TEST(Connect, SaysThatNobodyAnswers) {
  runtime::ContainerdOptions options;
  options.socket = "/nonexistent/containerd.sock";
  const auto connected = runtime::connect(options);
  ASSERT_FALSE(connected.has_value());
  EXPECT_EQ(connected.error().code(), Errc::unavailable);
  EXPECT_NE(connected.error().message().find("/nonexistent/containerd.sock"), std::string::npos);
}

}  // namespace
}  // namespace dokku::testing
