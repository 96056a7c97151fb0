#include "runtime/containerd/tasks.h"

#include <utility>

#include "github.com/containerd/containerd/api/services/tasks/v1/tasks.grpc.pb.h"
#include "runtime/containerd/channel.h"

namespace dokku::runtime {

namespace api = containerd::services::tasks::v1;

namespace {

constexpr const char* kProcessType = "types.containerd.io/opencontainers/runtime-spec/1/Process";
constexpr const char* kResourcesType =
    "types.containerd.io/opencontainers/runtime-spec/1/LinuxResources";
// What starts or ends processes takes a shim and runc with it, slow on a busy machine.
constexpr auto kProcessLimit = std::chrono::seconds(60);

Seen::State to_state(containerd::v1::types::Status status) {
  switch (status) {
    case containerd::v1::types::CREATED:
      return Seen::State::created;
    case containerd::v1::types::STOPPED:
      return Seen::State::stopped;
    case containerd::v1::types::PAUSED:
    case containerd::v1::types::PAUSING:
      return Seen::State::paused;
    default:
      return Seen::State::running;
  }
}

TaskState from_api(const containerd::v1::types::Process& process) {
  TaskState state{process.id(), to_state(process.status()), static_cast<pid_t>(process.pid()),
                  static_cast<int>(process.exit_status()), WallTime()};
  // Of a running task it is the year 1.
  if (process.exited_at().seconds() > 0) {
    state.exited_at = WallTime(std::chrono::duration_cast<WallTime::duration>(
        std::chrono::seconds(process.exited_at().seconds()) +
        std::chrono::nanoseconds(process.exited_at().nanos())));
  }
  return state;
}

template <class Request>
void set_key(Request& request, const ProcessKey& key) {
  request.set_container_id(key.id);
  request.set_exec_id(key.exec_id);
}

template <class Request>
void set_streams(Request& request, const TaskStreams& streams) {
  request.set_stdin(streams.in);
  request.set_stdout(streams.out);
  request.set_stderr(streams.err);
  request.set_terminal(streams.terminal);
}

Result<> or_gone_already(Result<> result) {
  if (!result && result.error().code() == Errc::not_found) return {};
  return result;
}

}  // namespace

struct Tasks::Impl {
  explicit Impl(const Channel& channel) : stub(channel.grpc()) {}
  api::Tasks::Stub stub;
};

Tasks::Tasks(const Channel& channel) : channel_(channel), impl_(std::make_unique<Impl>(channel)) {}
Tasks::~Tasks() = default;

Result<> Tasks::create(const std::string& id, const std::vector<SnapshotMount>& root,
                       const TaskStreams& streams) {
  api::CreateTaskRequest request;
  request.set_container_id(id);
  set_streams(request, streams);
  for (const SnapshotMount& from : root) {
    auto& mount = *request.add_rootfs();
    mount.set_type(from.type);
    mount.set_source(from.source);
    for (const std::string& option : from.options) mount.add_options(option);
  }
  api::CreateTaskResponse response;
  return channel_.call("creating the task", {.limit = kProcessLimit},
                       [&](grpc::ClientContext* context) {
                         return impl_->stub.Create(context, request, &response);
                       });
}

Result<> Tasks::add_exec(const ProcessKey& key, const std::string& process_json,
                         const TaskStreams& streams) {
  api::ExecProcessRequest request;
  set_key(request, key);
  set_streams(request, streams);
  request.mutable_spec()->set_type_url(kProcessType);
  request.mutable_spec()->set_value(process_json);
  google::protobuf::Empty response;
  return channel_.call(
      "adding a process", {.limit = kProcessLimit},
      [&](grpc::ClientContext* context) { return impl_->stub.Exec(context, request, &response); });
}

Result<pid_t> Tasks::start(const ProcessKey& key) {
  api::StartRequest request;
  set_key(request, key);
  api::StartResponse response;
  TRY(channel_.call("starting a process", {.limit = kProcessLimit},
                    [&](grpc::ClientContext* context) {
                      return impl_->stub.Start(context, request, &response);
                    }));
  return static_cast<pid_t>(response.pid());
}

Result<> Tasks::kill(const ProcessKey& key, int number, bool all) {
  api::KillRequest request;
  set_key(request, key);
  request.set_signal(static_cast<std::uint32_t>(number));
  request.set_all(all);
  google::protobuf::Empty response;
  return channel_.call("sending a signal", {.repeatable = true}, [&](grpc::ClientContext* context) {
    return impl_->stub.Kill(context, request, &response);
  });
}

Result<> Tasks::remove(const ProcessKey& key) {
  api::DeleteResponse response;
  const CallOptions options{.limit = kProcessLimit, .repeatable = true};
  if (key.exec_id.empty()) {
    api::DeleteTaskRequest request;
    request.set_container_id(key.id);
    return or_gone_already(
        channel_.call("removing the task", options, [&](grpc::ClientContext* context) {
          return impl_->stub.Delete(context, request, &response);
        }));
  }
  api::DeleteProcessRequest request;
  set_key(request, key);
  return or_gone_already(
      channel_.call("removing a process", options, [&](grpc::ClientContext* context) {
        return impl_->stub.DeleteProcess(context, request, &response);
      }));
}

Result<TaskState> Tasks::get(const ProcessKey& key) {
  api::GetRequest request;
  set_key(request, key);
  api::GetResponse response;
  TRY(channel_.call("finding a process", {.repeatable = true}, [&](grpc::ClientContext* context) {
    return impl_->stub.Get(context, request, &response);
  }));
  return from_api(response.process());
}

Result<std::vector<TaskState>> Tasks::list() {
  api::ListTasksResponse response;
  TRY(channel_.call("listing tasks", {.repeatable = true}, [&](grpc::ClientContext* context) {
    return impl_->stub.List(context, api::ListTasksRequest(), &response);
  }));
  std::vector<TaskState> tasks;
  for (const auto& process : response.tasks()) tasks.push_back(from_api(process));
  return tasks;
}

Result<> Tasks::resize(const ProcessKey& key, unsigned columns, unsigned rows) {
  api::ResizePtyRequest request;
  set_key(request, key);
  request.set_width(columns);
  request.set_height(rows);
  google::protobuf::Empty response;
  return channel_.call("resizing a terminal", {.repeatable = true},
                       [&](grpc::ClientContext* context) {
                         return impl_->stub.ResizePty(context, request, &response);
                       });
}

Result<> Tasks::close_stdin(const ProcessKey& key) {
  api::CloseIORequest request;
  set_key(request, key);
  request.set_stdin(true);
  google::protobuf::Empty response;
  return channel_.call("closing standard input", {.repeatable = true},
                       [&](grpc::ClientContext* context) {
                         return impl_->stub.CloseIO(context, request, &response);
                       });
}

Result<> Tasks::update(const std::string& id, const std::string& resources_json) {
  api::UpdateTaskRequest request;
  request.set_container_id(id);
  request.mutable_resources()->set_type_url(kResourcesType);
  request.mutable_resources()->set_value(resources_json);
  google::protobuf::Empty response;
  return channel_.call("changing limits", {.limit = kProcessLimit, .repeatable = true},
                       [&](grpc::ClientContext* context) {
                         return impl_->stub.Update(context, request, &response);
                       });
}

}  // namespace dokku::runtime
