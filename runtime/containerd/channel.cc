#include "runtime/containerd/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <utility>

namespace dokku::runtime {
namespace {

constexpr auto kReconnectWait = std::chrono::seconds(3);

Errc to_code(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::NOT_FOUND:
      return Errc::not_found;
    case grpc::StatusCode::ALREADY_EXISTS:
      return Errc::already_exists;
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::OUT_OF_RANGE:
      return Errc::invalid_argument;
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::ABORTED:
      return Errc::conflict;
    case grpc::StatusCode::PERMISSION_DENIED:
      return Errc::permission_denied;
    case grpc::StatusCode::UNAVAILABLE:
      return Errc::unavailable;
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return Errc::timed_out;
    case grpc::StatusCode::CANCELLED:
      return Errc::cancelled;
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return Errc::limit_exceeded;
    default:
      // UNKNOWN is everything from the shim and runc. Callers ask for the state, not the text.
      return Errc::internal;
  }
}

// gRPC's own back-off leaves a client without a restarted containerd for six seconds.
grpc::ChannelArguments arguments() {
  constexpr int kMessageBytesMax = 16 << 20;  // the server's own limit
  grpc::ChannelArguments args;
  args.SetMaxReceiveMessageSize(kMessageBytesMax);
  args.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  args.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 50);
  args.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 500);
  // There is one address and no name service: nothing to ask TXT records about.
  args.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  args.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Channels of one process must not share a broken connection's back-off.
  args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return args;
}

}  // namespace

Channel::Channel(const std::filesystem::path& socket, std::string containerd_namespace)
    : socket_(socket.string()),
      namespace_(std::move(containerd_namespace)),
      channel_(grpc::CreateCustomChannel("unix:" + socket_, grpc::InsecureChannelCredentials(),
                                         arguments())) {}

void Channel::prepare(grpc::ClientContext& context, const CallOptions& options) const {
  context.AddMetadata("containerd-namespace", namespace_);
  if (!options.lease.empty()) context.AddMetadata("containerd-lease", options.lease);
  context.set_deadline(std::chrono::system_clock::now() + options.limit);
}

Result<> Channel::wait_until_connected() const {
  if (channel_->GetState(true) == GRPC_CHANNEL_READY) return {};
  if (channel_->WaitForConnected(std::chrono::system_clock::now() + kReconnectWait)) return {};
  return fail(Errc::unavailable, "containerd does not answer at " + socket_);
}

Error Channel::to_error(const grpc::Status& status, const char* doing) const {
  return Error(to_code(status.error_code()), status.error_message()).while_(doing);
}

}  // namespace dokku::runtime
