#include "runtime/containerd/connect.h"

#include <utility>

#include "github.com/containerd/containerd/api/services/namespaces/v1/namespace.grpc.pb.h"
#include "runtime/containerd/lease.h"
#include "runtime/containerd/session.h"

namespace dokku::runtime {

namespace api = containerd::services::namespaces::v1;

namespace {

Result<> ensure_namespace(const Channel& channel) {
  api::Namespaces::Stub stub(channel.grpc());
  api::CreateNamespaceRequest request;
  request.mutable_namespace_()->set_name(channel.containerd_namespace());
  api::CreateNamespaceResponse response;
  Result<> made = channel.call(
      "making the namespace", {.repeatable = true},
      [&](grpc::ClientContext* context) { return stub.Create(context, request, &response); });
  if (!made && made.error().code() == Errc::already_exists) return {};
  return made;
}

Result<> remove_namespace(const Channel& channel) {
  api::Namespaces::Stub stub(channel.grpc());
  api::DeleteNamespaceRequest request;
  request.set_name(channel.containerd_namespace());
  google::protobuf::Empty response;
  Result<> removed = channel.call("removing the namespace", {}, [&](grpc::ClientContext* context) {
    return stub.Delete(context, request, &response);
  });
  if (!removed && removed.error().code() == Errc::not_found) return {};
  return removed;
}

}  // namespace

Result<Containerd> connect(const ContainerdOptions& options) {
  auto session = std::make_shared<Session>(options);
  TRY(ensure_namespace(session->channel));
  return Containerd{make_containers(session), make_images(session)};
}

Result<> remove_everything(const ContainerdOptions& options) {
  auto session = std::make_shared<Session>(options);
  {
    const auto containers = make_containers(session);
    const std::vector<Seen> all = TRY(containers->list({}));
    for (const Seen& container : all) TRY(containers->remove(container.id));
  }
  const auto images = TRY(session->image_names.list());
  for (const auto& [name, manifest] : images) TRY(session->image_names.remove(name, false));
  // The end of a lease runs the collector, so there has to be one.
  const Lease lease = TRY(Lease::create(session->channel));
  TRY(remove_all_leases(session->channel));
  TRY(session->snapshots.remove_all());
  TRY(remove_namespace(session->channel));
  return session->cgroups.remove_parent();
}

}  // namespace dokku::runtime
