#include "server/checks/check_loop.h"

#include <algorithm>
#include <cerrno>

namespace dokku::server {
namespace {

// Where one task stands.
class Course {
 public:
  Course(const CheckTask& task, TimePoint now)
      : task_(task), due_(std::max(now, task.started + task.check.initial_delay)) {
    if (task.check.kind == HealthCheck::Kind::uptime) {
      due_ = std::max(now, task.started + task.check.initial_delay + task.check.uptime);
    }
  }

  bool over() const { return over_; }
  const CheckOutcome& outcome() const { return outcome_; }
  // When it must be looked at even if no descriptor is ready.
  TimePoint due() const { return due_; }
  std::vector<pollfd> waits() const { return probe_ ? probe_->waits() : std::vector<pollfd>(); }

  // True: it is over now.
  bool advance(TimePoint now) {
    if (!probe_ && now >= due_) {
      ++outcome_.attempts;
      // It ran so long: whoever watches it would have interrupted.
      if (task_.check.kind == HealthCheck::Kind::uptime) return finish(true);
      probe_ = task_.probe();
      due_ = now + task_.check.timeout;
    }
    if (!probe_) return false;
    if (const std::optional<Result<>> said = probe_->advance()) {
      if (*said) return finish(true);
      return attempt_failed(said->error().message(), now);
    }
    if (now < due_) return false;
    const std::string seconds = std::to_string(task_.check.timeout.count());
    return attempt_failed(std::string(probe_->standing()) + " within " + seconds + " s", now);
  }

 private:
  bool attempt_failed(std::string why, TimePoint now) {
    probe_.reset();
    outcome_.reason = std::move(why);
    if (outcome_.attempts >= task_.check.attempts) return finish(false);
    due_ = now + task_.check.wait;
    return false;
  }

  bool finish(bool passed) {
    probe_.reset();
    outcome_.passed = passed;
    over_ = true;
    return true;
  }

  const CheckTask& task_;
  TimePoint due_;
  std::unique_ptr<Probe> probe_;
  CheckOutcome outcome_;
  bool over_ = false;
};

// Blocks until something can go on.
Result<> wait_for(const std::vector<Course>& courses, const CheckWorld& world) {
  std::vector<pollfd> look = {{world.cancel.fd(), POLLIN, 0}, {world.interrupt_fd, POLLIN, 0}};
  TimePoint next = TimePoint::max();
  for (const Course& course : courses) {
    if (course.over()) continue;
    next = std::min(next, course.due());
    for (const pollfd& one : course.waits()) look.push_back(one);
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - world.clock.now());
  const int milliseconds = static_cast<int>(std::clamp<long>(left.count(), 0, 60'000));
  if (::poll(look.data(), look.size(), milliseconds) < 0 && errno != EINTR) {
    return fail_syscall("poll", errno);
  }
  if (world.cancel.cancelled()) return fail(Errc::cancelled, "Cancelled");
  if (look[1].revents != 0 && world.interrupted) return world.interrupted();
  return {};
}

}  // namespace

Result<std::vector<CheckOutcome>> run_checks(const std::vector<CheckTask>& tasks,
                                             const CheckWorld& world) {
  std::vector<Course> courses;
  courses.reserve(tasks.size());
  for (const CheckTask& task : tasks) courses.emplace_back(task, world.clock.now());
  std::size_t left = courses.size();
  for (;;) {
    for (std::size_t i = 0; i < courses.size(); ++i) {
      if (courses[i].over() || !courses[i].advance(world.clock.now())) continue;
      --left;
      if (world.on_end) world.on_end(tasks[i], courses[i].outcome());
    }
    if (left == 0) break;
    TRY(wait_for(courses, world));
  }
  std::vector<CheckOutcome> out;
  for (const Course& course : courses) out.push_back(course.outcome());
  return out;
}

}  // namespace dokku::server
