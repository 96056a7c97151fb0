#include "runtime/containerd/records.h"

#include <utility>

#include "github.com/containerd/containerd/api/services/containers/v1/containers.grpc.pb.h"
#include "runtime/containerd/channel.h"

namespace dokku::runtime {

namespace api = containerd::services::containers::v1;

namespace {

constexpr const char* kRuntime = "io.containerd.runc.v2";
// 2.x refuses other forms, and only after it has started a shim.
constexpr const char* kSpecType = "types.containerd.io/opencontainers/runtime-spec/1/Spec";

Record from_api(const api::Container& container) {
  return {container.id(),
          container.image(),
          {container.labels().begin(), container.labels().end()},
          container.spec().value(),
          container.snapshotter(),
          container.snapshot_key()};
}

// As Go's strconv.Quote writes it, for what labels may hold.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  return out + "\"";
}

}  // namespace

std::string label_filter(const Labels& with) {
  std::string filter;
  for (const auto& [key, value] : with) {
    if (!filter.empty()) filter += ',';
    filter += "labels." + quoted(key) + "==" + quoted(value);
  }
  return filter;
}

struct Records::Impl {
  explicit Impl(const Channel& channel) : stub(channel.grpc()) {}
  api::Containers::Stub stub;
};

Records::Records(const Channel& channel)
    : channel_(channel), impl_(std::make_unique<Impl>(channel)) {}
Records::~Records() = default;

Result<> Records::create(const Record& record) {
  api::CreateContainerRequest request;
  api::Container& container = *request.mutable_container();
  container.set_id(record.id);
  container.set_image(record.image);
  container.mutable_labels()->insert(record.labels.begin(), record.labels.end());
  // Nothing may touch runtime.options: an empty Any is refused.
  container.mutable_runtime()->set_name(kRuntime);
  container.mutable_spec()->set_type_url(kSpecType);
  container.mutable_spec()->set_value(record.spec_json);
  container.set_snapshotter(record.snapshotter);
  container.set_snapshot_key(record.snapshot_key);
  api::CreateContainerResponse response;
  return channel_.call("recording a container", {}, [&](grpc::ClientContext* context) {
    return impl_->stub.Create(context, request, &response);
  });
}

Result<Record> Records::get(const std::string& id) {
  api::GetContainerRequest request;
  request.set_id(id);
  api::GetContainerResponse response;
  TRY(channel_.call("finding a container", {.repeatable = true}, [&](grpc::ClientContext* context) {
    return impl_->stub.Get(context, request, &response);
  }));
  return from_api(response.container());
}

Result<std::vector<Record>> Records::list(const Labels& with) {
  api::ListContainersRequest request;
  if (!with.empty()) request.add_filters(label_filter(with));
  std::vector<Record> records;
  // A stream: with many containers one answer would outgrow a message.
  TRY(channel_.call("listing containers", {.repeatable = true}, [&](grpc::ClientContext* context) {
    records.clear();
    const auto stream = impl_->stub.ListStream(context, request);
    api::ListContainerMessage message;
    while (stream->Read(&message)) records.push_back(from_api(message.container()));
    return stream->Finish();
  }));
  return records;
}

Result<> Records::remove(const std::string& id) {
  api::DeleteContainerRequest request;
  request.set_id(id);
  google::protobuf::Empty response;
  Result<> removed = channel_.call("removing a container", {.repeatable = true},
                                   [&](grpc::ClientContext* context) {
                                     return impl_->stub.Delete(context, request, &response);
                                   });
  if (!removed && removed.error().code() == Errc::not_found) return {};
  return removed;
}

}  // namespace dokku::runtime
