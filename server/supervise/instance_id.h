// The names and labels by which containers of ours are told apart.
//
// "<app>.<type>.<n>.r<release>" is the container's id; where that is no identifier (two dots in
// a row, too long) it is shortened and carries a hash. Only the labels are ever read back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "runtime/api/containers.h"
#include "runtime/api/names.h"

namespace dokku::server {

struct InstanceKey {
  std::string app;
  std::string type;
  unsigned index = 0;
  std::uint64_t release = 0;
  friend auto operator<=>(const InstanceKey&, const InstanceKey&) = default;
};

runtime::ContainerId instance_container(const InstanceKey& key);
runtime::Labels instance_labels(const InstanceKey& key);
// Nothing: not a container of an instance (a one-off, a build, a stranger).
std::optional<InstanceKey> instance_of(const runtime::Labels& labels);

// One-off containers: id "<app>.<name>", name "run.4711".
runtime::ContainerId one_off_container(const std::string& app, const std::string& name);

// What one app runs shares a shim: a process of containerd's that costs as much as a small app.
// Between apps nothing is shared: the end of a shim is the end of the containers in it.
std::string shim_group(const std::string& app);

// Any text as an identifier of at most 76 characters; equal texts give equal identifiers.
runtime::ContainerId as_container_id(const std::string& text);

inline constexpr const char* kLabelApp = "dokku.app";
inline constexpr const char* kLabelType = "dokku.type";
inline constexpr const char* kLabelIndex = "dokku.index";
inline constexpr const char* kLabelRelease = "dokku.release";
inline constexpr const char* kLabelOneOff = "dokku.one-off";  // its name, "run.4711"
inline constexpr const char* kLabelDetached = "dokku.detached";  // a one-off that needs no client
inline constexpr const char* kLabelCommand = "dokku.command";
inline constexpr const char* kLabelSince = "dokku.since";  // seconds since 1970
inline constexpr const char* kLabelUntil = "dokku.until";  // likewise: removed after it

}  // namespace dokku::server
