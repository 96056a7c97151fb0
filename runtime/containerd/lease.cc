#include "runtime/containerd/lease.h"

#include <unistd.h>

#include <array>
#include <atomic>
#include <ctime>
#include <utility>

#include "base/log.h"
#include "github.com/containerd/containerd/api/services/leases/v1/leases.grpc.pb.h"
#include "runtime/containerd/channel.h"

namespace dokku::runtime {

namespace api = containerd::services::leases::v1;

namespace {

// RFC 3339, as the collector reads it.
std::string expiry() {
  constexpr std::time_t kLifeSeconds = 3600;
  const std::time_t at = std::time(nullptr) + kLifeSeconds;
  std::tm parts{};
  ::gmtime_r(&at, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

Result<> remove_lease(const Channel& channel, const std::string& id, bool sync) {
  api::Leases::Stub stub(channel.grpc());
  api::DeleteRequest request;
  request.set_id(id);
  request.set_sync(sync);
  google::protobuf::Empty response;
  return channel.call(
      "giving back a lease", {.limit = std::chrono::minutes(sync ? 5 : 1)},
      [&](grpc::ClientContext* context) { return stub.Delete(context, request, &response); });
}

// Unique also between processes and after restarts: time, process and a counter.
std::string unique_id() {
  static std::atomic<unsigned> counter{0};
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  return "dokku-" + std::to_string(now) + "-" + std::to_string(::getpid()) + "-" +
         std::to_string(++counter);
}

Result<std::string> create_lease(const Channel& channel) {
  api::Leases::Stub stub(channel.grpc());
  api::CreateRequest request;
  request.set_id(unique_id());
  (*request.mutable_labels())["containerd.io/gc.expire"] = expiry();
  api::CreateResponse response;
  TRY(channel.call("taking a lease", {}, [&](grpc::ClientContext* context) {
    return stub.Create(context, request, &response);
  }));
  return request.id();
}

}  // namespace

Result<Lease> Lease::create(const Channel& channel) {
  std::string id = TRY(create_lease(channel));
  return Lease(channel, std::move(id));
}

Lease::Lease(Lease&& other) noexcept
    : channel_(other.channel_), id_(std::exchange(other.id_, std::string())) {}

Lease::~Lease() {
  if (id_.empty()) return;
  const Result<> removed = remove_lease(*channel_, id_, false);
  if (!removed && removed.error().code() != Errc::not_found) {
    log::warn(removed.error().message() + "; it expires by itself");
  }
}

// A lease that is given back synchronously is how clients ask for it.
Result<> run_collector(const Channel& channel) {
  const std::string id = TRY(create_lease(channel));
  return remove_lease(channel, id, true);
}

Result<> remove_all_leases(const Channel& channel) {
  api::Leases::Stub stub(channel.grpc());
  api::ListResponse response;
  TRY(channel.call("listing leases", {.repeatable = true}, [&](grpc::ClientContext* context) {
    return stub.List(context, api::ListRequest(), &response);
  }));
  for (const auto& lease : response.leases()) TRY(remove_lease(channel, lease.id(), true));
  return {};
}

}  // namespace dokku::runtime
