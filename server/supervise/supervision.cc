#include "server/supervise/supervision.h"

#include <algorithm>
#include <utility>

#include "server/supervise/failure.h"

namespace dokku::server {
namespace {

// Practically never; ps:restore and a new daemon try again.
constexpr Duration kGivenUp = std::chrono::hours(24 * 365);
constexpr Duration kFirstProbe = std::chrono::milliseconds(2);
constexpr Duration kProbeLeast = std::chrono::milliseconds(4);
constexpr Duration kProbeMost = std::chrono::milliseconds(200);

// The wait grows with what has been waited: a fast app is seen at once, a slow one costs little.
Duration until_next_probe(Duration waited) {
  return std::clamp<Duration>(waited / 8, kProbeLeast, kProbeMost);
}

Duration first_look(Readiness readiness) {
  switch (readiness) {
    case Readiness::listens:
      return kFirstProbe;
    case Readiness::runs:
      return Supervision::kRunsLongEnough;
    case Readiness::started:
      return Duration::zero();
  }
  return Duration::zero();
}

runtime::ImageRef no_image() { return *runtime::ImageRef::parse("none"); }

std::string name_of(const InstanceKey& key) { return key.type + "." + std::to_string(key.index); }

const ProcessWanted* process_of(const ReleaseWanted& release, const std::string& type) {
  for (const auto& process : release.processes) {
    if (process.type == type) return &process;
  }
  return nullptr;
}

}  // namespace

// --- what is wanted

void Supervision::want(const ReleaseWanted& wanted) {
  const auto release = std::make_shared<const ReleaseWanted>(wanted);
  each_of(wanted.app, [&](Instance& instance) {
    if (instance.key.release != wanted.release) return;
    const ProcessWanted* process = process_of(wanted, instance.key.type);
    if (process != nullptr && instance.key.index <= process->count) return;
    instance.wanted = false;
    instance.again = nullptr;
    advance(instance);
  });
  for (const ProcessWanted& process : wanted.processes) {
    for (unsigned index = 1; index <= process.count; ++index) {
      want_instance({wanted.app, process.type, index, wanted.release}, release, process);
    }
  }
}

void Supervision::want_instance(const InstanceKey& key,
                                const std::shared_ptr<const ReleaseWanted>& release,
                                const ProcessWanted& process) {
  if (Instance* known = find(key)) {
    if (known->stranger) {
      known->stranger = false;
      known->wanted = true;
      become(*known, Life::checking, clock_.now());
    }
    if (known->wanted) {
      known->release = release;  // for its next launch
      known->process = process;
      release_held(*known);  // somebody waits for it
    } else {
      known->again = release;
    }
    return;
  }
  Instance& fresh = instances_[key];
  fresh.key = key;
  fresh.release = release;
  fresh.process = process;
  if (!listed_once_) wanted_first_.push_back(key);
  become(fresh, listed_once_ ? Life::waiting : Life::unknown, clock_.now());
  advance(fresh);
}

void Supervision::forget(const std::string& app, std::uint64_t release) {
  each_of(app, [&](Instance& instance) {
    if (instance.key.release != release) return;
    instance.wanted = false;
    instance.stranger = false;
    instance.again = nullptr;
    advance(instance);
  });
}

void Supervision::erase(const std::string& app) {
  each_of(app, [&](Instance& instance) {
    instance.wanted = false;
    instance.stranger = false;
    instance.at_once = true;
    instance.again = nullptr;
    advance(instance);
  });
}

void Supervision::retry_now(const std::string& app) {
  each_of(app, [&](Instance& instance) {
    if (instance.life != Life::waiting) return;
    instance.gave_up = false;
    instance.failures_in_row = 0;
    instance.due = clock_.now();
    release_held(instance);
    advance(instance);
  });
}

// --- the machine

void Supervision::advance(Instance& instance) {
  if (instance.busy || instance.life == Life::unknown) return;
  const TimePoint now = clock_.now();
  const bool runs = instance.life == Life::checking || instance.life == Life::ready ||
                    instance.life == Life::ending;
  if (!runs) instance.look_at.reset();
  if (instance.look_at && *instance.look_at <= now) {
    instance.look_at.reset();
    return ask(instance, Action::Kind::look);
  }
  if (instance.stranger && instance.life == Life::ready) return;
  const bool on_its_way_out = instance.life == Life::ending || instance.life == Life::removing;
  if (!instance.wanted && (!on_its_way_out || instance.at_once)) begin_end(instance);
  if (instance.busy || instance.held || instance.due > now) return;
  switch (instance.life) {
    case Life::waiting:
      become(instance, Life::launching, now);
      return ask(instance, Action::Kind::launch);
    case Life::checking:
      if (instance.process.readiness != Readiness::listens) {
        return become(instance, Life::ready, now);
      }
      return ask(instance, Action::Kind::probe);
    case Life::ending:
      become(instance, Life::removing, now);
      return ask(instance, Action::Kind::remove);
    case Life::clearing:
    case Life::removing:
      return ask(instance, Action::Kind::remove);
    case Life::unknown:
    case Life::launching:
    case Life::ready:
      return;
  }
}

void Supervision::begin_end(Instance& instance) {
  const TimePoint now = clock_.now();
  instance.held = false;  // to end is nobody's turn
  const bool runs = instance.life == Life::checking || instance.life == Life::ready;
  if (instance.at_once || !runs) {
    if (instance.life != Life::removing) become(instance, Life::removing, now);
    return;
  }
  become(instance, Life::ending, now + instance.release->stop_grace);
  ask(instance, Action::Kind::terminate);
}

void Supervision::become(Instance& instance, Life life, TimePoint due) {
  instance.life = life;
  instance.due = due;
  instance.since = clock_.wall();
  if (life != Life::launching && life != Life::checking) boot_.settled(instance.key);
  changes_.push_back(view(instance));
}

void Supervision::ask(Instance& instance, Action::Kind kind) {
  instance.busy = true;
  actions_.push_back({kind, instance.key, instance.release, instance.pid});
}

void Supervision::ended(Instance& instance, const runtime::Exit& exit) {
  const TimePoint now = clock_.now();
  if (instance.life == Life::ending) return become(instance, Life::removing, now);
  if (instance.life != Life::checking && instance.life != Life::ready) return;
  instance.failure =
      describe_exit({instance.key.app, name_of(instance.key), instance.process.limits}, exit);
  instance.gave_up = !may_restart(instance, exit);
  if (instance.gave_up) return become(instance, Life::waiting, now + kGivenUp);
  ++instance.restarts;
  become(instance, Life::waiting, now + instance.backoff.next(now - instance.started));
}

bool Supervision::may_restart(Instance& instance, const runtime::Exit& exit) const {
  const bool ran_well = clock_.now() - instance.started >= kRanWell;
  instance.failures_in_row = ran_well ? 1 : instance.failures_in_row + 1;
  const RestartPolicy& policy = instance.process.restart;
  switch (policy.kind) {
    case RestartPolicy::Kind::never:
      return false;
    case RestartPolicy::Kind::always:
      return true;
    case RestartPolicy::Kind::on_failure:
      return exit.status != 0 && (policy.most == 0 || instance.failures_in_row <= policy.most);
  }
  return true;
}

void Supervision::gone(const InstanceKey& key) {
  Instance* instance = find(key);
  InstanceSeen last = view(*instance);
  last.state = InstanceSeen::State::gone;
  changes_.push_back(std::move(last));
  const auto again = instance->again;
  instances_.erase(key);
  const ProcessWanted* process = again ? process_of(*again, key.type) : nullptr;
  if (process != nullptr) want_instance(key, again, *process);
}

// --- what was learnt

void Supervision::launched(const InstanceKey& key, const Result<Launched>& result) {
  Instance* instance = find(key);
  if (instance == nullptr) return;
  const TimePoint now = clock_.now();
  instance->busy = false;
  if (result) {
    instance->pid = result->pid;
    instance->address = result->address;
    instance->started = now;
    instance->odd_since = {};
    become(*instance, Life::checking, now + first_look(instance->process.readiness));
  } else {
    instance->failure = describe_start_failure(name_of(key), result.error());
    const bool away = result.error().code() == Errc::unavailable;
    become(*instance, Life::waiting, now + (away ? kAwayPause : instance->backoff.next({})));
  }
  advance(*instance);
}

void Supervision::looked(const InstanceKey& key, const Result<runtime::Seen>& result) {
  Instance* instance = find(key);
  if (instance == nullptr) return;
  instance->busy = false;
  if (!result && result.error().code() != Errc::not_found) {
    instance->look_at = clock_.now() + kAwayPause;
  } else if (!result || result->state != runtime::Seen::State::running) {
    ended(*instance, result ? result->exit.value_or(runtime::Exit{}) : runtime::Exit{});
  }
  advance(*instance);
}

void Supervision::terminated(const InstanceKey& key, const Result<>& result) {
  Instance* instance = find(key);
  if (instance == nullptr) return;
  instance->busy = false;
  if (!result && result.error().code() == Errc::not_found && instance->life == Life::ending) {
    become(*instance, Life::removing, clock_.now());
  }
  advance(*instance);
}

void Supervision::removed(const InstanceKey& key, const Result<>& result) {
  Instance* instance = find(key);
  if (instance == nullptr) return;
  const TimePoint now = clock_.now();
  instance->busy = false;
  if (!result) {
    instance->due = now + kAwayPause;
  } else if (instance->life == Life::removing) {
    return gone(key);
  } else if (instance->life == Life::clearing) {
    become(*instance, Life::waiting, now + instance->backoff.next({}));
  }
  advance(*instance);
}

void Supervision::probed(const InstanceKey& key, const Listening& listening) {
  Instance* instance = find(key);
  if (instance == nullptr) return;
  instance->busy = false;
  if (instance->life == Life::checking) check_listening(*instance, listening);
  advance(*instance);
}

void Supervision::check_listening(Instance& instance, const Listening& listening) {
  const TimePoint now = clock_.now();
  const Duration waited = now - instance.started;
  if (listening.reachable) return become(instance, Life::ready, now);
  const bool odd = listening.loopback_only || !listening.other_ports.empty();
  if (!odd) {
    instance.odd_since = {};
  } else if (instance.odd_since == TimePoint{}) {
    instance.odd_since = now;
  }
  const Duration patience = listening.loopback_only ? kLoopbackPatience : kOtherPortPatience;
  const bool wrong_place = odd && now - instance.odd_since >= patience;
  if (wrong_place || waited >= instance.release->ready_limit) {
    instance.failure =
        describe_not_ready(name_of(instance.key), listening, instance.release->port, waited);
    ++instance.restarts;
    return become(instance, Life::clearing, now);
  }
  instance.due = now + until_next_probe(waited);
}

void Supervision::disturbed(const InstanceKey& key) {
  Instance* instance = find(key);
  if (instance == nullptr) return;
  instance->look_at = clock_.now();
  advance(*instance);
}

std::vector<InstanceKey> Supervision::listed(const std::vector<Found>& found) {
  const bool first = !std::exchange(listed_once_, true);
  std::map<InstanceKey, const Found*> by_key;
  for (const Found& one : found) by_key[one.key] = &one;
  std::vector<InstanceKey> unwanted;
  for (const auto& [key, one] : by_key) {
    if (!first || find(key) != nullptr) continue;
    if (one->running) {
      take_stranger(*one);
    } else {
      unwanted.push_back(key);
    }
  }
  for (auto& [key, instance] : instances_) {
    const auto at = by_key.find(key);
    const Found* const one = at == by_key.end() ? nullptr : at->second;
    if (instance.life == Life::unknown) {
      adopt_or_launch(instance, one);
    } else if (one == nullptr || !one->running) {
      instance.look_at = clock_.now();  // the list may be older than what we did meanwhile
    }
    advance(instance);
  }
  if (first) leave_down();
  if (first) queue_missing();
  return unwanted;
}

// Apps that nobody wants back after a reboot, unless some of it runs: then this was none.
void Supervision::leave_down() {
  for (const InstanceKey& key : wanted_first_) {
    const Instance* const instance = find(key);
    bool stays = instance == nullptr || instance->release->restored;
    each_of(key.app, [&](const Instance& one) { stays |= one.life != Life::waiting; });
    if (!stays) forget(key.app, key.release);
  }
}

// What was wanted first is started first, some at a time.
void Supervision::queue_missing() {
  for (const InstanceKey& key : std::exchange(wanted_first_, {})) {
    const Instance* const instance = find(key);
    if (instance == nullptr || !instance->held) continue;
    boot_.add(key);
    ++missing_at_first_;
  }
}

void Supervision::release_held(Instance& instance) {
  if (!std::exchange(instance.held, false)) return;
  boot_.settled(instance.key);
}

// An earlier daemon was about to end it, or died deploying it.
void Supervision::take_stranger(const Found& found) {
  bool has_successor = false;
  each_of(found.key.app, [&](const Instance& one) { has_successor |= one.wanted; });
  Instance& instance = instances_[found.key];
  instance.stranger = has_successor;
  instance.key = found.key;
  ReleaseWanted release{.app = found.key.app, .release = found.key.release, .image = no_image()};
  instance.release = std::make_shared<const ReleaseWanted>(std::move(release));
  instance.wanted = false;
  instance.pid = found.pid;
  instance.address = found.address;
  become(instance, Life::ready, clock_.now());
}

void Supervision::adopt_or_launch(Instance& instance, const Found* found) {
  const TimePoint now = clock_.now();
  if (found == nullptr || !found->running || found->address.empty()) {
    instance.held = instance.wanted;
    return become(instance, Life::waiting, now);
  }
  instance.pid = found->pid;
  instance.address = found->address;
  instance.started = now;
  become(instance, Life::checking, now);
}

void Supervision::end_strangers(const std::string& app) {
  each_of(app, [&](Instance& instance) {
    if (!std::exchange(instance.stranger, false)) return;
    advance(instance);
  });
}

void Supervision::tick() {
  while (const std::optional<InstanceKey> next = boot_.next(clock_.now())) {
    if (Instance* instance = find(*next)) instance->held = false;
  }
  std::vector<InstanceKey> keys;
  for (const auto& [key, instance] : instances_) keys.push_back(key);
  for (const InstanceKey& key : keys) {
    if (Instance* instance = find(key)) advance(*instance);
  }
}

// --- what is asked

std::optional<TimePoint> Supervision::next_timer() const {
  std::optional<TimePoint> next = boot_.next_timer();
  for (const auto& [key, instance] : instances_) {
    if (instance.busy || instance.held || instance.life == Life::unknown) continue;
    if (instance.look_at) next = std::min(next.value_or(*instance.look_at), *instance.look_at);
    if (instance.life == Life::ready || instance.life == Life::launching) continue;
    next = std::min(next.value_or(instance.due), instance.due);
  }
  return next;
}

InstanceSeen Supervision::view(const Instance& instance) const {
  using State = InstanceSeen::State;
  State state = State::starting;
  switch (instance.life) {
    case Life::unknown:
    case Life::launching:
    case Life::checking:
      state = State::starting;
      break;
    case Life::ready:
      state = State::ready;
      break;
    case Life::waiting:
    case Life::clearing:
      state = instance.failure ? State::waiting : State::starting;
      break;
    case Life::ending:
    case Life::removing:
      state = State::stopping;
      break;
  }
  const InstanceKey& key = instance.key;
  return {key.app,
          key.type,
          key.index,
          key.release,
          state,
          instance_container(key).str(),
          instance.address,
          instance.release->port,
          instance.pid,
          instance.restarts,
          instance.failure,
          instance.gave_up,
          instance.stranger,
          instance.since};
}

std::vector<InstanceSeen> Supervision::seen(const std::string& app) const {
  std::vector<InstanceSeen> out;
  for (const auto& [key, instance] : instances_) {
    if (app.empty() || key.app == app) out.push_back(view(instance));
  }
  return out;
}

bool Supervision::has(const std::string& app, std::uint64_t release) const {
  return std::any_of(instances_.begin(), instances_.end(), [&](const auto& entry) {
    return entry.first.app == app && (release == 0 || entry.first.release == release);
  });
}

std::shared_ptr<const ReleaseWanted> Supervision::release_of(const InstanceKey& key) const {
  const auto at = instances_.find(key);
  return at == instances_.end() ? nullptr : at->second.release;
}

Supervision::Instance* Supervision::find(const InstanceKey& key) {
  const auto at = instances_.find(key);
  return at == instances_.end() ? nullptr : &at->second;
}

template <class F>
void Supervision::each_of(const std::string& app, F&& f) {
  for (auto& [key, instance] : instances_) {
    if (key.app == app) f(instance);
  }
}

}  // namespace dokku::server
