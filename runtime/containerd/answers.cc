#include "runtime/containerd/answers.h"

#include "github.com/containerd/containerd/api/services/namespaces/v1/namespace.grpc.pb.h"
#include "github.com/containerd/containerd/api/services/version/v1/version.grpc.pb.h"
#include "runtime/containerd/channel.h"

namespace dokku::runtime {

Result<std::string> version_of(const Channel& channel) {
  namespace api = containerd::services::version::v1;
  api::Version::Stub stub(channel.grpc());
  api::VersionResponse response;
  TRY(channel.call("asking for the version", {.limit = std::chrono::seconds(1)},
                   [&](grpc::ClientContext* context) {
                     return stub.Version(context, google::protobuf::Empty(), &response);
                   }));
  return response.version();
}

bool containerd_answers(const std::filesystem::path& socket, Duration limit) {
  namespace api = containerd::services::namespaces::v1;
  const Channel channel(socket, "default");
  api::Namespaces::Stub stub(channel.grpc());
  grpc::ClientContext context;
  channel.prepare(context, {.limit = limit});
  context.set_wait_for_ready(true);
  api::ListNamespacesResponse response;
  return stub.List(&context, api::ListNamespacesRequest(), &response).ok();
}

}  // namespace dokku::runtime
