// The connection to containerd: what every call needs, said once.
//
// Namespace and lease as metadata, a deadline on each call, waiting for a restart of containerd,
// and gRPC's codes as ours. Internal to this folder. Threads: any.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"

namespace dokku::runtime {

struct CallOptions {
  Duration limit = std::chrono::seconds(10);
  // Has no effect or the same effect twice: may be sent again when containerd went away in between.
  bool repeatable = false;
  std::string lease;  // what the call makes is held by this lease
};

class Channel {
 public:
  Channel(const std::filesystem::path& socket, std::string containerd_namespace);

  const std::shared_ptr<grpc::Channel>& grpc() const { return channel_; }
  const std::string& containerd_namespace() const { return namespace_; }

  // Metadata and deadline for a call that is made without `call`, such as a stream.
  void prepare(grpc::ClientContext& context, const CallOptions& options) const;
  // unavailable: not there within a few seconds.
  Result<> wait_until_connected() const;
  Error to_error(const grpc::Status& status, const char* doing) const;

  // Runs `send(context)`, which returns a grpc::Status.
  template <class Send>
  Result<> call(const char* doing, const CallOptions& options, Send&& send) const {
    for (int attempt = 1;; ++attempt) {
      TRY(wait_until_connected());
      grpc::ClientContext context;
      prepare(context, options);
      context.set_wait_for_ready(attempt > 1);
      const grpc::Status status = send(&context);
      if (status.ok()) return {};
      const bool again = options.repeatable && attempt < kAttemptsMax &&
                         status.error_code() == grpc::StatusCode::UNAVAILABLE;
      if (!again) return Fail(to_error(status, doing));
    }
  }

 private:
  static constexpr int kAttemptsMax = 3;
  std::string socket_;
  std::string namespace_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace dokku::runtime
