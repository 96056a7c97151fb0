// The parts that a deploy writes through, with a crash point behind each write.
//
// Wrapped around the real parts by programs/dokkud, always: an unarmed point costs nothing.
// Threads: those of the wrapped part.
#pragma once

#include "proxy/control/client.h"
#include "runtime/api/containers.h"
#include "runtime/api/images.h"
#include "runtime/api/networks.h"
#include "server/deploy/crash_points.h"

namespace dokku::server {

class CrashingContainers final : public runtime::Containers {
 public:
  CrashingContainers(runtime::Containers& inner, CrashPoints& points)
      : inner_(inner), points_(points) {}

  Result<> create(const runtime::ContainerSpec& spec) override;
  Result<pid_t> start(const runtime::ContainerId& id, const runtime::Stdio& stdio) override;
  Result<> signal(const runtime::ContainerId& id, int number, bool all) override;
  Result<runtime::Exit> wait(const runtime::ContainerId& id, Duration limit) override;
  Result<runtime::Exit> stop(const runtime::ContainerId& id, Duration grace) override;
  Result<> remove(const runtime::ContainerId& id) override;
  Result<pid_t> exec(const runtime::ContainerId& id, const runtime::ExecSpec& what,
                     const runtime::Stdio& stdio) override;
  Result<runtime::Exit> exec_wait(const runtime::ContainerId& id, const std::string& exec_id,
                                  Duration limit) override;
  Result<> exec_remove(const runtime::ContainerId& id, const std::string& exec_id) override;
  Result<> resize(const runtime::ContainerId& id, const std::string& exec_id, unsigned columns,
                  unsigned rows) override;
  Result<> close_stdin(const runtime::ContainerId& id, const std::string& exec_id) override;
  Result<> limit(const runtime::ContainerId& id, const runtime::Limits& limits) override;
  Result<std::vector<runtime::Seen>> list(const runtime::Labels& with) override;
  Result<runtime::Seen> inspect(const runtime::ContainerId& id) override;
  Result<> mount_root(const runtime::ContainerId& id, const std::filesystem::path& at) override;
  Result<> unmount_root(const std::filesystem::path& at) override;
  Result<std::string> version() override;
  std::unique_ptr<runtime::Watch> watch(
      std::function<void(const runtime::Change&)> on_change) override;

 private:
  runtime::Containers& inner_;
  CrashPoints& points_;
};

class CrashingImages final : public runtime::Images {
 public:
  CrashingImages(runtime::Images& inner, CrashPoints& points) : inner_(inner), points_(points) {}

  Result<runtime::ImageInfo> compose(const runtime::ImageRef& ref, const runtime::ImageRef* base,
                                     const std::vector<runtime::LayerFile>& more,
                                     const runtime::ImageConfig& config) override;
  Result<runtime::ImageInfo> inspect(const runtime::ImageRef& ref) override;
  Result<std::vector<runtime::ImageRef>> list(const std::string& prefix) override;
  Result<> tag(const runtime::ImageRef& from, const runtime::ImageRef& to) override;
  Result<> remove(const runtime::ImageRef& ref, bool collect) override;
  Result<runtime::ImageUsage> usage() override;
  Result<std::vector<runtime::StoredImage>> stored() override;
  Result<> collect() override;
  Result<> read_layer(const runtime::Digest& digest,
                      const std::function<Result<>(std::string_view)>& take) override;

 private:
  runtime::Images& inner_;
  CrashPoints& points_;
};

class CrashingNetworks final : public runtime::Networks {
 public:
  CrashingNetworks(runtime::Networks& inner, CrashPoints& points)
      : inner_(inner), points_(points) {}

  Result<> ensure() override;
  Result<runtime::Endpoint> attach(const runtime::ContainerId& id) override;
  Result<> detach(const runtime::ContainerId& id) override;
  Result<std::vector<runtime::Endpoint>> list() override;
  Result<> open_ports(const std::set<std::uint16_t>& ports) override;
  std::filesystem::path resolv_conf() const override;
  Result<runtime::NetworkHealth> health() override;
  Result<> remove_all() override;

 private:
  runtime::Networks& inner_;
  CrashPoints& points_;
};

class CrashingRoutes final : public proxy::RouteControl {
 public:
  CrashingRoutes(proxy::RouteControl& inner, CrashPoints& points)
      : inner_(inner), points_(points) {}

  Result<> put(const proxy::Group& group,
               const std::vector<proxy::Certificate>& certificates) override;
  Result<> remove(const std::string& key) override;
  Result<> replace_all(const std::vector<proxy::Group>& groups,
                       const std::vector<proxy::Certificate>& certificates) override;
  Result<std::vector<proxy::Group>> list() override;
  Result<> wait_drained(const std::vector<proxy::Target>& targets, Duration limit) override;

 private:
  proxy::RouteControl& inner_;
  CrashPoints& points_;
};

}  // namespace dokku::server
