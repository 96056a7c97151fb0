// FakeBuilder: builds in no time what a test says, for tests of what sits above buildstep.
//
// Each build makes an (empty) image of the asked name. Threads: any.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "buildstep/api/builder.h"

namespace dokku::testing {

class FakeBuilder final : public buildstep::Builder {
 public:
  explicit FakeBuilder(runtime::Images& images) : images_(images) {}

  Result<buildstep::BuildResult> build(const buildstep::BuildRequest& request,
                                       buildstep::Output& output,
                                       const CancelToken& cancel) override;
  Result<std::string> fingerprint() override { return std::string("fake stack"); }

  // --- for tests ---
  // What the next builds find in the source.
  void set_processes(std::map<std::string, std::string> processes);
  void set_files(std::map<std::string, std::string> files);  // "app.json"
  void fail_next(Error error);
  // From now on builds stop at a gate (after their first line) until it is opened, or cancelled.
  void close_gate();
  void open_gate();
  // Blocks until a build is at the gate.
  bool await_at_gate();
  std::vector<buildstep::BuildRequest> requests();
  buildstep::TreeWishes wishes();  // of the last build

 private:
  runtime::Images& images_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::string> processes_ = {{"web", "node server.js"}};
  std::map<std::string, std::string> files_;
  std::optional<Error> failure_;
  bool gate_closed_ = false;
  int at_gate_ = 0;
  std::vector<buildstep::BuildRequest> requests_;
  buildstep::TreeWishes wishes_;
};

}  // namespace dokku::testing
