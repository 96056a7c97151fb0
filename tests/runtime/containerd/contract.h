// The contract of runtime/api, for its two implementations: the fake one that most tests use, and
// containerd's, where root and containerd are there. The tests: contract_test.cc (containers) and
// images_contract_test.cc.
#pragma once

#include <gtest/gtest.h>

#include <atomic>

#include "runtime/containerd/channel.h"
#include "runtime/containerd/records.h"
#include "tests/fakes/fake_containers.h"
#include "tests/fakes/fake_images.h"
#include "tests/runtime/containerd/real_containerd.h"

namespace dokku::testing {

using runtime::ContainerId;
using runtime::ContainerSpec;
using runtime::ImageRef;

struct Fakes {
  Fakes() {
    images.add("test/box:1");
    containers.ignore_sigterm("ignore");
    containers.on_run([](const FakeContainers::Started& started) -> std::optional<int> {
      if (started.args.size() == 3 && started.args[1] == "exit") return std::stoi(started.args[2]);
      return std::nullopt;
    });
  }
  static std::string why_not() { return ""; }
  runtime::Containers& c() { return containers; }
  runtime::Images& i() { return images; }
  ImageRef image() { return *ImageRef::parse("test/box:1"); }
  void make_orphan(const std::string& id) { containers.make_orphan(id); }

  FakeImages images;
  FakeContainers containers{&images};
};

struct Real {
  static std::string why_not() { return RealContainerd::why_not(); }
  runtime::Containers& c() { return RealContainerd::get().containers(); }
  runtime::Images& i() { return RealContainerd::get().images(); }
  ImageRef image() { return RealContainerd::get().image(); }
  // As containerd itself allows: the record goes, the task stays.
  void make_orphan(const std::string& id) {
    const auto& options = RealContainerd::get().options();
    const runtime::Channel channel(options.socket, options.containerd_namespace);
    ASSERT_TRUE(runtime::Records(channel).remove(id).has_value());
  }
};

// --- the suite

// Ids are unique in the program, since one containerd serves all tests.
inline ContainerId fresh_id(const std::string& prefix) {
  static std::atomic<int> counter{0};
  return *ContainerId::parse(prefix + "." + std::to_string(++counter));
}

template <class Backend>
class Contract : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!Backend::why_not().empty()) GTEST_SKIP() << Backend::why_not();
    backend_.emplace();
  }
  void TearDown() override {
    if (!backend_) return;
    for (const ContainerId& id : made_) EXPECT_TRUE(backend_->c().remove(id).has_value());
  }

  runtime::Containers& c() { return backend_->c(); }
  runtime::Images& i() { return backend_->i(); }

  ContainerSpec spec(std::vector<std::string> words) {
    words.insert(words.begin(), "/testbox");
    ContainerSpec made{fresh_id(words[1]), backend_->image(), {}};
    made.args = std::move(words);
    made_.push_back(made.id);
    return made;
  }
  // Created and started.
  ContainerId running(std::vector<std::string> words) {
    const ContainerSpec made = spec(std::move(words));
    EXPECT_EQ(error_of(c().create(made)), "");
    EXPECT_EQ(error_of(c().start(made.id, {})), "");
    return made.id;
  }

  template <class T>
  static std::string error_of(const Result<T>& result) {
    return result ? "" : result.error().message();
  }
  template <class T>
  static Errc code_of(const Result<T>& result) {
    EXPECT_FALSE(result.has_value());
    return result ? Errc::internal : result.error().code();
  }

  std::optional<Backend> backend_;
  std::vector<ContainerId> made_;
};

using Backends = ::testing::Types<Fakes, Real>;
struct BackendNames {
  template <class T>
  static std::string GetName(int) {
    return std::is_same_v<T, Fakes> ? "Fake" : "Containerd";
  }
};

}  // namespace dokku::testing
