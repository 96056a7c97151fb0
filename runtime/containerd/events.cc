#include "runtime/containerd/events.h"

#include <grpcpp/completion_queue.h>

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "github.com/containerd/containerd/api/events/task.pb.h"
#include "github.com/containerd/containerd/api/services/events/v1/events.grpc.pb.h"

namespace dokku::runtime {

namespace api = containerd::services::events::v1;

namespace {

// Our own event, by which the subscription shows that it is there.
constexpr const char* kMarkTopic = "/dokku/subscribed";
constexpr auto kMarkInterval = std::chrono::milliseconds(50);
constexpr auto kRetryInterval = std::chrono::milliseconds(100);

WallTime to_wall(const google::protobuf::Timestamp& at) {
  return WallTime(std::chrono::duration_cast<WallTime::duration>(
      std::chrono::seconds(at.seconds()) + std::chrono::nanoseconds(at.nanos())));
}

}  // namespace

// One subscription on the wire. Completion queue, since a blocking read cannot also time out.
struct Events::Stream {
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  std::unique_ptr<grpc::ClientAsyncReader<api::Envelope>> reader;
  api::Envelope envelope;

  // What is left in the queue must be taken out before it may go.
  ~Stream() {
    queue.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue.Next(&tag, &ok)) {
    }
  }
};

class Events::Subscription : public Watch {
 public:
  Subscription(Events& events, std::shared_ptr<Watcher> watcher)
      : events_(events), watcher_(std::move(watcher)) {}
  ~Subscription() override {
    {
      const std::lock_guard lock(events_.mutex_);
      std::erase(events_.watchers_, watcher_);
    }
    const std::lock_guard calling(watcher_->calling);
    watcher_->ended = true;
  }

 private:
  Events& events_;
  std::shared_ptr<Watcher> watcher_;
};

Events::Events(const Channel& channel, std::function<bool(const std::string&)> out_of_memory)
    : channel_(channel), out_of_memory_(std::move(out_of_memory)), thread_([this] { run(); }) {}

Events::~Events() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (stream_ != nullptr) stream_->context.TryCancel();
  }
  stop_changed_.notify_all();
  thread_.join();
}

// --- the thread ----------------------------------------------------------------------------------

void Events::run() {
  for (;;) {
    Stream stream;
    // Pends while containerd is away, and ends at once when cancelled.
    stream.context.AddMetadata("containerd-namespace", channel_.containerd_namespace());
    stream.context.set_wait_for_ready(true);
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      stream_ = &stream;
    }
    read_stream(stream);
    std::unique_lock lock(mutex_);
    stream_ = nullptr;
    established_ = false;
    stop_changed_.wait_for(lock, kRetryInterval, [this] { return stopping_; });
    if (stopping_) return;
  }
}

// Until the stream ends. There is one operation at a time, so that tags need not be told apart.
void Events::read_stream(Stream& stream) {
  api::SubscribeRequest request;
  const std::string in_namespace = "namespace==\"" + channel_.containerd_namespace() + "\"";
  request.add_filters(in_namespace + ",topic~=\"^/tasks/(start|exit|oom)$\"");
  request.add_filters(in_namespace + ",topic==\"" + kMarkTopic + "\"");
  api::Events::Stub stub(channel_.grpc());
  stream.reader = stub.AsyncSubscribe(&stream.context, request, &stream.queue, nullptr);
  void* tag = nullptr;
  bool ok = false;
  bool subscribed = false;  // the request is out
  bool established = false;
  for (;;) {
    const auto until = std::chrono::system_clock::now() + kMarkInterval;
    const auto next = subscribed && !established
                          ? stream.queue.AsyncNext(&tag, &ok, until)
                          : (stream.queue.Next(&tag, &ok) ? grpc::CompletionQueue::GOT_EVENT
                                                          : grpc::CompletionQueue::SHUTDOWN);
    if (next == grpc::CompletionQueue::TIMEOUT) {
      publish_mark();
      continue;
    }
    if (next == grpc::CompletionQueue::SHUTDOWN || !ok) return;
    if (!subscribed) {
      subscribed = true;
      publish_mark();
    } else if (stream.envelope.topic() == kMarkTopic) {
      established = true;
      on_established();
    } else {
      on_event(stream.envelope.topic(), stream.envelope.event().value());
    }
    stream.reader->Read(&stream.envelope, nullptr);
  }
}

bool Events::publish_mark() {
  api::Events::Stub stub(channel_.grpc());
  api::PublishRequest request;
  request.set_topic(kMarkTopic);
  request.mutable_event()->set_type_url("dokku.Subscribed");
  google::protobuf::Empty response;
  grpc::ClientContext context;
  channel_.prepare(context, {.limit = std::chrono::seconds(2)});
  return stub.Publish(&context, request, &response).ok();
}

void Events::on_established() {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = !std::exchange(established_, true);
  }
  // Later marks are published for watchers that came later.
  deliver({}, !first);
  if (first) wake(nullptr);
}

void Events::on_event(const std::string& topic, const std::string& payload) {
  // Type URLs of events have no slash, so that protobuf's own UnpackTo would refuse them.
  if (topic == "/tasks/exit") {
    on_exit(payload);
  } else if (topic == "/tasks/oom") {
    containerd::events::TaskOOM event;
    if (!event.ParseFromString(payload)) return;
    {
      const std::lock_guard lock(mutex_);
      out_of_memory_seen_.insert(event.container_id());
    }
    deliver({Change::Kind::out_of_memory, event.container_id(), "", {}});
  } else if (topic == "/tasks/start") {
    containerd::events::TaskStart event;
    if (!event.ParseFromString(payload)) return;
    forget(event.container_id());
    deliver({Change::Kind::started, event.container_id(), "", {}});
  }
}

void Events::on_exit(const std::string& payload) {
  containerd::events::TaskExit event;
  if (!event.ParseFromString(payload)) return;
  const bool init = event.id() == event.container_id();
  const std::string& id = event.container_id();
  Exit exit{static_cast<int>(event.exit_status()), to_wall(event.exited_at()), false};
  if (init) exit.out_of_memory = out_of_memory_(id) || saw_out_of_memory(id);
  const ProcessKey key{id, init ? "" : event.id()};
  wake(&key);
  deliver({init ? Change::Kind::exited : Change::Kind::exec_exited, id, key.exec_id, exit});
}

// --- who listens

void Events::deliver(const Change& change, bool only_fresh) {
  std::vector<std::shared_ptr<Watcher>> watchers;
  {
    const std::lock_guard lock(mutex_);
    watchers = watchers_;
  }
  for (const auto& watcher : watchers) {
    const std::lock_guard calling(watcher->calling);
    if (watcher->ended || (only_fresh && !watcher->fresh)) continue;
    const bool relist = change.kind == Change::Kind::relist;
    // The first call is a relist, which also covers what this one says.
    if (watcher->fresh && !relist) continue;
    watcher->fresh = false;
    watcher->on_change(change);
  }
}

void Events::wake(const ProcessKey* key) {
  const std::lock_guard lock(mutex_);
  for (auto& [wanted, waiter] : waiters_) {
    // The end of init is the end of everything in the container.
    const bool concerned =
        key == nullptr ||
        (wanted.first == key->id && (key->exec_id.empty() || wanted.second == key->exec_id));
    if (!concerned) continue;
    waiter->woken_ = true;
    waiter->changed_.notify_all();
  }
}

std::unique_ptr<Watch> Events::watch(std::function<void(const Change&)> on_change) {
  auto watcher = std::make_shared<Watcher>();
  watcher->on_change = std::move(on_change);
  bool established = false;
  {
    const std::lock_guard lock(mutex_);
    watchers_.push_back(watcher);
    established = established_;
  }
  // The mark makes the event thread send the first relist. Lost: then the stream is lost too, and
  // the next one relists.
  if (established) publish_mark();
  return std::make_unique<Subscription>(*this, std::move(watcher));
}

bool Events::saw_out_of_memory(const std::string& id) {
  const std::lock_guard lock(mutex_);
  return out_of_memory_seen_.contains(id);
}

void Events::forget(const std::string& id) {
  const std::lock_guard lock(mutex_);
  out_of_memory_seen_.erase(id);
}

Events::Waiter::Waiter(Events& events, const ProcessKey& key)
    : events_(events), key_(key.id, key.exec_id) {
  const std::lock_guard lock(events_.mutex_);
  events_.waiters_.emplace(key_, this);
}

Events::Waiter::~Waiter() {
  const std::lock_guard lock(events_.mutex_);
  std::erase_if(events_.waiters_, [this](const auto& entry) { return entry.second == this; });
}

void Events::Waiter::wait_until(TimePoint until) {
  std::unique_lock lock(events_.mutex_);
  changed_.wait_until(lock, until, [this] { return woken_; });
  woken_ = false;
}

}  // namespace dokku::runtime
