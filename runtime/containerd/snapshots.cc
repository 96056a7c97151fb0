#include "runtime/containerd/snapshots.h"

#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "github.com/containerd/containerd/api/services/snapshots/v1/snapshots.grpc.pb.h"
#include "runtime/containerd/channel.h"

namespace dokku::runtime {

namespace api = containerd::services::snapshots::v1;

struct Snapshots::Impl {
  explicit Impl(const Channel& channel) : stub(channel.grpc()) {}
  api::Snapshots::Stub stub;
};

Snapshots::Snapshots(const Channel& channel, std::string snapshotter)
    : channel_(channel),
      snapshotter_(std::move(snapshotter)),
      impl_(std::make_unique<Impl>(channel)) {}
Snapshots::~Snapshots() = default;

namespace {

template <class Response>
std::vector<SnapshotMount> mounts_of(const Response& response) {
  std::vector<SnapshotMount> mounts;
  for (const auto& mount : response.mounts()) {
    mounts.push_back(
        {mount.type(), mount.source(), {mount.options().begin(), mount.options().end()}});
  }
  return mounts;
}

// Committed names of everything here, parents included.
struct SnapshotName {
  std::string name, parent;
  bool committed = false;
};

}  // namespace

Result<std::vector<SnapshotMount>> Snapshots::prepare(const std::string& key,
                                                      const std::string& parent,
                                                      const std::string& lease) {
  api::PrepareSnapshotRequest request;
  request.set_snapshotter(snapshotter_);
  request.set_key(key);
  request.set_parent(parent);
  api::PrepareSnapshotResponse response;
  TRY(channel_.call("preparing a snapshot", {.lease = lease}, [&](grpc::ClientContext* context) {
    return impl_->stub.Prepare(context, request, &response);
  }));
  return mounts_of(response);
}

Result<std::vector<SnapshotMount>> Snapshots::mounts(const std::string& key) {
  api::MountsRequest request;
  request.set_snapshotter(snapshotter_);
  request.set_key(key);
  api::MountsResponse response;
  TRY(channel_.call("finding a snapshot", {.repeatable = true}, [&](grpc::ClientContext* context) {
    return impl_->stub.Mounts(context, request, &response);
  }));
  return mounts_of(response);
}

Result<> Snapshots::commit(const std::string& key, const std::string& name,
                           const std::string& lease) {
  api::CommitSnapshotRequest request;
  request.set_snapshotter(snapshotter_);
  request.set_key(key);
  request.set_name(name);
  google::protobuf::Empty response;
  return channel_.call("committing a snapshot", {.limit = std::chrono::minutes(1), .lease = lease},
                       [&](grpc::ClientContext* context) {
                         return impl_->stub.Commit(context, request, &response);
                       });
}

Result<bool> Snapshots::exists(const std::string& key) {
  api::StatSnapshotRequest request;
  request.set_snapshotter(snapshotter_);
  request.set_key(key);
  api::StatSnapshotResponse response;
  const Result<> found = channel_.call(
      "finding a snapshot", {.repeatable = true},
      [&](grpc::ClientContext* context) { return impl_->stub.Stat(context, request, &response); });
  if (found) return true;
  if (found.error().code() == Errc::not_found) return false;
  return Fail(found.error());
}

Result<> Snapshots::remove(const std::string& key) {
  api::RemoveSnapshotRequest request;
  request.set_snapshotter(snapshotter_);
  request.set_key(key);
  google::protobuf::Empty response;
  Result<> removed =
      channel_.call("removing a snapshot", {.limit = std::chrono::minutes(1), .repeatable = true},
                    [&](grpc::ClientContext* context) {
                      return impl_->stub.Remove(context, request, &response);
                    });
  if (!removed && removed.error().code() == Errc::not_found) return {};
  return removed;
}

namespace {

// `stub.List` is a stream, so the call is made by hand.
Result<std::vector<SnapshotName>> list_names(const Channel& channel, api::Snapshots::Stub& stub,
                                             const std::string& snapshotter) {
  std::vector<SnapshotName> names;
  TRY(channel.call("listing snapshots", {.repeatable = true}, [&](grpc::ClientContext* context) {
    names.clear();
    api::ListSnapshotsRequest request;
    request.set_snapshotter(snapshotter);
    const auto stream = stub.List(context, request);
    api::ListSnapshotsResponse response;
    while (stream->Read(&response)) {
      for (const auto& info : response.info()) {
        names.push_back({info.name(), info.parent(), info.kind() == api::COMMITTED});
      }
    }
    return stream->Finish();
  }));
  return names;
}

}  // namespace

Result<std::map<std::string, std::uint64_t>> Snapshots::sizes() {
  const std::vector<SnapshotName> names = TRY(list_names(channel_, impl_->stub, snapshotter_));
  const auto known = known_sizes_.with([](auto& sizes) { return sizes; });
  std::map<std::string, std::uint64_t> sizes, immutable;
  for (const SnapshotName& snapshot : names) {
    const auto before = known.find(snapshot.name);
    if (before != known.end()) {
      sizes[snapshot.name] = immutable[snapshot.name] = before->second;
      continue;
    }
    api::UsageRequest request;
    request.set_snapshotter(snapshotter_);
    request.set_key(snapshot.name);
    api::UsageResponse response;
    const Result<> got = channel_.call("measuring a snapshot",
                                       {.limit = std::chrono::minutes(1), .repeatable = true},
                                       [&](grpc::ClientContext* context) {
                                         return impl_->stub.Usage(context, request, &response);
                                       });
    // Gone since it was listed: uses nothing.
    if (!got && got.error().code() != Errc::not_found) return Fail(got.error());
    if (!got) continue;
    const auto bytes = static_cast<std::uint64_t>(response.size());
    sizes[snapshot.name] = bytes;
    if (snapshot.committed) immutable[snapshot.name] = bytes;
  }
  known_sizes_.with([&](auto& all) { all = std::move(immutable); });
  return sizes;
}

Result<> Snapshots::remove_all() {
  std::vector<SnapshotName> names = TRY(list_names(channel_, impl_->stub, snapshotter_));
  while (!names.empty()) {
    std::vector<SnapshotName> left;
    for (const SnapshotName& snapshot : names) {
      // A snapshot that others are based on is refused, and tried again after them.
      if (!remove(snapshot.name)) left.push_back(snapshot);
    }
    if (left.size() == names.size()) return remove(left.front().name);
    names = std::move(left);
  }
  return {};
}

// --- mounting ------------------------------------------------------------------------------------

namespace {

std::string option(const SnapshotMount& mount, const std::string& key) {
  for (const std::string& word : mount.options) {
    if (word.starts_with(key + "=")) return word.substr(key.size() + 1);
  }
  return "";
}

Result<> mount_overlay(const SnapshotMount& mount, const std::filesystem::path& at) {
  const std::string upper = option(mount, "upperdir");
  std::string data = "lowerdir=" + (upper.empty() ? "" : upper + ":") + option(mount, "lowerdir");
  if (data.size() >= static_cast<std::size_t>(::sysconf(_SC_PAGESIZE))) {
    return fail(Errc::limit_exceeded, "too many layers for one mount");
  }
  if (::mount("overlay", at.c_str(), "overlay", MS_RDONLY | MS_NOSUID | MS_NODEV, data.c_str()) <
      0) {
    return fail_syscall("mount " + at.string(), errno);
  }
  return {};
}

Result<> mount_bind(const SnapshotMount& mount, const std::filesystem::path& at) {
  if (::mount(mount.source.c_str(), at.c_str(), nullptr, MS_BIND, nullptr) < 0) {
    return fail_syscall("mount " + at.string(), errno);
  }
  // A bind mount takes its other flags only when mounted again.
  constexpr unsigned long kFlags = MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV;
  if (::mount(nullptr, at.c_str(), nullptr, kFlags, nullptr) < 0) {
    const int err = errno;
    ::umount2(at.c_str(), MNT_DETACH);
    return fail_syscall("mount " + at.string(), err);
  }
  return {};
}

}  // namespace

Result<> mount_read_only(const std::vector<SnapshotMount>& mounts,
                         const std::filesystem::path& at) {
  if (mounts.size() != 1) return fail(Errc::internal, "expected one mount of a snapshot");
  const SnapshotMount& mount = mounts.front();
  if (mount.type == "overlay") return mount_overlay(mount, at);
  if (mount.type == "bind") return mount_bind(mount, at);
  return fail(Errc::internal, "cannot mount a snapshot of type " + mount.type);
}

}  // namespace dokku::runtime
