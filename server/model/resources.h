// Resources: what `resource:limit` and `resource:reserve` are told, and what it means.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dokku::server {

// In the order of Dokku's rows.
inline constexpr std::array<const char*, 7> kResources = {
    "cpu", "memory", "memory-swap", "network", "network-ingress", "network-egress", "nvidia-gpu"};

// "512" (megabytes), "512m", "2g", "65536k", "1048576b", and "512MB", "512MiB". Nothing: not an
// amount.
std::optional<std::uint64_t> parse_memory(std::string_view text);
// "2", "0.5": thousandths of a core. Nothing: not a number of cores up to 1024.
std::optional<std::uint32_t> parse_cores(std::string_view text);

enum class ResourceKind { limit, reserve };

// "resource.web.limit.memory"; an empty type means the defaults of all types ("_default_").
std::string resource_property(std::string_view type, ResourceKind kind, std::string_view resource);

}  // namespace dokku::server
