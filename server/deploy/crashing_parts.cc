#include "server/deploy/crashing_parts.h"

#include <utility>

namespace dokku::server {
namespace {

// The answer of a write, after its crash point.
template <class T>
Result<T> after(CrashPoints& points, std::string_view name, Result<T> result) {
  points.reached(name);
  return result;
}

}  // namespace

// --- containers

Result<> CrashingContainers::create(const runtime::ContainerSpec& spec) {
  return after(points_, "containers.create", inner_.create(spec));
}
Result<pid_t> CrashingContainers::start(const runtime::ContainerId& id,
                                        const runtime::Stdio& stdio) {
  return after(points_, "containers.start", inner_.start(id, stdio));
}
Result<> CrashingContainers::signal(const runtime::ContainerId& id, int number, bool all) {
  return after(points_, "containers.signal", inner_.signal(id, number, all));
}
Result<runtime::Exit> CrashingContainers::wait(const runtime::ContainerId& id, Duration limit) {
  return inner_.wait(id, limit);
}
Result<runtime::Exit> CrashingContainers::stop(const runtime::ContainerId& id, Duration grace) {
  return after(points_, "containers.signal", inner_.stop(id, grace));
}
Result<> CrashingContainers::remove(const runtime::ContainerId& id) {
  return after(points_, "containers.remove", inner_.remove(id));
}
Result<pid_t> CrashingContainers::exec(const runtime::ContainerId& id,
                                       const runtime::ExecSpec& what, const runtime::Stdio& stdio) {
  return after(points_, "containers.start", inner_.exec(id, what, stdio));
}
Result<runtime::Exit> CrashingContainers::exec_wait(const runtime::ContainerId& id,
                                                    const std::string& exec_id, Duration limit) {
  return inner_.exec_wait(id, exec_id, limit);
}
Result<> CrashingContainers::exec_remove(const runtime::ContainerId& id,
                                         const std::string& exec_id) {
  return inner_.exec_remove(id, exec_id);
}
Result<> CrashingContainers::resize(const runtime::ContainerId& id, const std::string& exec_id,
                                    unsigned columns, unsigned rows) {
  return inner_.resize(id, exec_id, columns, rows);
}
Result<> CrashingContainers::close_stdin(const runtime::ContainerId& id,
                                         const std::string& exec_id) {
  return inner_.close_stdin(id, exec_id);
}
Result<> CrashingContainers::limit(const runtime::ContainerId& id, const runtime::Limits& limits) {
  return inner_.limit(id, limits);
}
Result<std::vector<runtime::Seen>> CrashingContainers::list(const runtime::Labels& with) {
  return inner_.list(with);
}
Result<runtime::Seen> CrashingContainers::inspect(const runtime::ContainerId& id) {
  return inner_.inspect(id);
}
Result<> CrashingContainers::mount_root(const runtime::ContainerId& id,
                                        const std::filesystem::path& at) {
  return inner_.mount_root(id, at);
}
Result<> CrashingContainers::unmount_root(const std::filesystem::path& at) {
  return inner_.unmount_root(at);
}
Result<std::string> CrashingContainers::version() { return inner_.version(); }
std::unique_ptr<runtime::Watch> CrashingContainers::watch(
    std::function<void(const runtime::Change&)> on_change) {
  return inner_.watch(std::move(on_change));
}

// --- images

Result<runtime::ImageInfo> CrashingImages::compose(const runtime::ImageRef& ref,
                                                   const runtime::ImageRef* base,
                                                   const std::vector<runtime::LayerFile>& more,
                                                   const runtime::ImageConfig& config) {
  return after(points_, "images.compose", inner_.compose(ref, base, more, config));
}
Result<runtime::ImageInfo> CrashingImages::inspect(const runtime::ImageRef& ref) {
  return inner_.inspect(ref);
}
Result<std::vector<runtime::ImageRef>> CrashingImages::list(const std::string& prefix) {
  return inner_.list(prefix);
}
Result<> CrashingImages::tag(const runtime::ImageRef& from, const runtime::ImageRef& to) {
  return after(points_, "images.tag", inner_.tag(from, to));
}
Result<> CrashingImages::remove(const runtime::ImageRef& ref, bool collect) {
  return after(points_, "images.remove", inner_.remove(ref, collect));
}
Result<runtime::ImageUsage> CrashingImages::usage() { return inner_.usage(); }
Result<> CrashingImages::read_layer(const runtime::Digest& digest,
                                    const std::function<Result<>(std::string_view)>& take) {
  return inner_.read_layer(digest, take);
}

Result<std::vector<runtime::StoredImage>> CrashingImages::stored() { return inner_.stored(); }

Result<> CrashingImages::collect() { return inner_.collect(); }

// --- networks

Result<> CrashingNetworks::ensure() { return inner_.ensure(); }
Result<runtime::Endpoint> CrashingNetworks::attach(const runtime::ContainerId& id) {
  return after(points_, "networks.attach", inner_.attach(id));
}
Result<> CrashingNetworks::detach(const runtime::ContainerId& id) {
  return after(points_, "networks.detach", inner_.detach(id));
}
Result<std::vector<runtime::Endpoint>> CrashingNetworks::list() { return inner_.list(); }
Result<> CrashingNetworks::open_ports(const std::set<std::uint16_t>& ports) {
  return after(points_, "networks.open-ports", inner_.open_ports(ports));
}
std::filesystem::path CrashingNetworks::resolv_conf() const { return inner_.resolv_conf(); }
Result<runtime::NetworkHealth> CrashingNetworks::health() { return inner_.health(); }
Result<> CrashingNetworks::remove_all() { return inner_.remove_all(); }

// --- routes

Result<> CrashingRoutes::put(const proxy::Group& group,
                             const std::vector<proxy::Certificate>& certificates) {
  return after(points_, "routes.put", inner_.put(group, certificates));
}
Result<> CrashingRoutes::remove(const std::string& key) {
  return after(points_, "routes.remove", inner_.remove(key));
}
Result<> CrashingRoutes::replace_all(const std::vector<proxy::Group>& groups,
                                     const std::vector<proxy::Certificate>& certificates) {
  return after(points_, "routes.replace-all", inner_.replace_all(groups, certificates));
}
Result<std::vector<proxy::Group>> CrashingRoutes::list() { return inner_.list(); }
Result<> CrashingRoutes::wait_drained(const std::vector<proxy::Target>& targets, Duration limit) {
  return inner_.wait_drained(targets, limit);
}

}  // namespace dokku::server
