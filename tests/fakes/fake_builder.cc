#include "tests/fakes/fake_builder.h"

#include <utility>

namespace dokku::testing {

using namespace std::chrono_literals;

Result<buildstep::BuildResult> FakeBuilder::build(const buildstep::BuildRequest& request,
                                                  buildstep::Output& output,
                                                  const CancelToken& cancel) {
  output.step("Fake app detected");
  std::unique_lock hold(mutex_);
  requests_.push_back(request);
  ++at_gate_;
  changed_.notify_all();
  while (gate_closed_ && !cancel.cancelled()) changed_.wait_for(hold, 5ms);
  --at_gate_;
  if (cancel.cancelled()) return fail(Errc::cancelled, "Cancelled");
  if (auto failure = std::exchange(failure_, std::nullopt)) return Fail(*failure);
  if (request.look_at_files) wishes_ = TRY(request.look_at_files(files_));
  if (request.on_compiled) request.on_compiled();
  const runtime::ImageInfo image =
      TRY(images_.compose(request.image, nullptr, {}, runtime::ImageConfig{}));
  buildstep::BuildResult result{.image = image};
  result.pack_name = "Fake";
  result.processes = processes_;
  result.files = files_;
  result.has_procfile = true;
  return result;
}

void FakeBuilder::set_processes(std::map<std::string, std::string> processes) {
  std::lock_guard hold(mutex_);
  processes_ = std::move(processes);
}

void FakeBuilder::set_files(std::map<std::string, std::string> files) {
  std::lock_guard hold(mutex_);
  files_ = std::move(files);
}

void FakeBuilder::fail_next(Error error) {
  std::lock_guard hold(mutex_);
  failure_ = std::move(error);
}

void FakeBuilder::close_gate() {
  std::lock_guard hold(mutex_);
  gate_closed_ = true;
}

void FakeBuilder::open_gate() {
  std::lock_guard hold(mutex_);
  gate_closed_ = false;
  changed_.notify_all();
}

bool FakeBuilder::await_at_gate() {
  std::unique_lock hold(mutex_);
  return changed_.wait_for(hold, 5s, [this] { return at_gate_ > 0; });
}

buildstep::TreeWishes FakeBuilder::wishes() {
  std::lock_guard hold(mutex_);
  return wishes_;
}

std::vector<buildstep::BuildRequest> FakeBuilder::requests() {
  std::lock_guard hold(mutex_);
  return requests_;
}

}  // namespace dokku::testing
