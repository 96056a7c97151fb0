#include "tests/runtime/containerd/real_containerd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "base/check.h"
#include "base/io.h"
#include "tests/runtime/containerd/layer_writer.h"

namespace dokku::testing {
namespace {

namespace fs = std::filesystem;

std::unique_ptr<RealContainerd>& instance() {
  static std::unique_ptr<RealContainerd> one;
  return one;
}

// gtest tears this down after the last test, while everything else still lives.
class Cleanup : public ::testing::Environment {
 public:
  void TearDown() override { instance().reset(); }
};
const auto* const kCleanup = ::testing::AddGlobalTestEnvironment(new Cleanup);

fs::path make_directory() {
  char name[] = "/tmp/dokku-containerd-XXXXXX";
  CHECK(::mkdtemp(name) != nullptr);
  return name;
}

bool found_in_path(const char* program) {
  for (const char* directory : {"/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/"}) {
    if (::access((std::string(directory) + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

}  // namespace

std::string RealContainerd::why_not() {
  if (::geteuid() != 0) return "needs root";
  for (const char* program : {"containerd", "runc", "containerd-shim-runc-v2"}) {
    if (!found_in_path(program)) return std::string("needs ") + program;
  }
  return "";
}

RealContainerd& RealContainerd::get() {
  if (instance() == nullptr) instance() = std::make_unique<RealContainerd>();
  return *instance();
}

RealContainerd::RealContainerd() : directory_(make_directory()) {
  const auto ended = runtime::PrivateContainerd::ensure(
      {.socket = directory_ / "run" / "c.sock", .root = directory_ / "root"});
  if (!ended) std::fprintf(stderr, "%s\n", ended.error().message().c_str());
  CHECK(ended.has_value());
  process_ = std::move(const_cast<std::unique_ptr<runtime::PrivateContainerd>&>(*ended));
  options_.socket = directory_ / "run" / "c.sock";
  // runc keeps its state by this name for the whole machine, and test processes run side by side.
  options_.containerd_namespace = "dokku-test-" + std::to_string(::getpid());
  options_.cgroup_parent = "/dokku-test-" + std::to_string(::getpid());
  auto connected = runtime::connect(options_);
  CHECK(connected.has_value());
  client_ = std::move(*connected);
  image_ = *runtime::ImageRef::parse("test/box:1");
  const auto layer = write_layer(directory_ / "box.tar", testbox_entries());
  const auto composed = client_->images->compose(*image_, nullptr, {layer}, {});
  if (!composed) std::fprintf(stderr, "%s\n", composed.error().message().c_str());
  CHECK(composed.has_value());
}

RealContainerd::~RealContainerd() {
  client_.reset();
  const Result<> removed = runtime::remove_everything(options_);
  const Result<> stopped = process_->stop();
  for (const Result<>* result : {&removed, &stopped}) {
    if (!*result) ADD_FAILURE() << "cleaning up: " << result->error().message();
  }
  std::error_code error;
  fs::remove_all(directory_, error);
  if (error) ADD_FAILURE() << "cleaning up " << directory_ << ": " << error.message();
}

Fifo::Fifo(const fs::path& path) : path_(path) { CHECK(::mkfifo(path.c_str(), 0600) == 0); }
Fifo::~Fifo() { ::unlink(path_.c_str()); }

void Fifo::open_for_reading() { fd_ = *open_file(path_, O_RDONLY | O_NONBLOCK); }
// Read and write, so that it does not wait for the shim.
void Fifo::open_for_writing() { fd_ = *open_file(path_, O_RDWR); }

void Fifo::write(const std::string& text) { CHECK(write_all(fd_.get(), text).has_value()); }

std::string Fifo::read(const std::string& until) {
  constexpr int kLimitMillis = 10'000;
  std::string text;
  for (;;) {
    if (!until.empty() && text.find(until) != std::string::npos) return text;
    pollfd ready{fd_.get(), POLLIN, 0};
    if (::poll(&ready, 1, kLimitMillis) <= 0) return text + "<timed out>";
    std::array<char, 4096> piece{};
    const auto got = read_some(fd_.get(), piece.data(), piece.size());
    if (!got || *got == 0) return text;
    text.append(piece.data(), *got);
  }
}

}  // namespace dokku::testing
