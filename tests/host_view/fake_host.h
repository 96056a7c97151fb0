// FakeHost: a healthy host in memory, for tests that make it ill.
//
// Threads: any, once it is set up.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "server/doctor/host_view.h"

namespace dokku::testing {

class FakeHost final : public server::HostView {
 public:
  FakeHost();

  std::map<std::string, std::string> files;
  std::map<std::string, std::vector<std::string>> folders;
  std::map<std::string, server::FileMode> modes;
  DiskSpace space{50ULL << 30, 100ULL << 30, 1};
  std::set<server::PortHolder> listening;
  std::set<std::string> own_addresses{"198.51.100.4"};
  server::Lookups names;
  bool kept_clock = true;

  Result<std::string> read(const std::filesystem::path& file) override;
  std::vector<std::string> names_in(const std::filesystem::path& folder) override;
  std::optional<server::FileMode> mode_of(const std::filesystem::path& file) override;
  Result<DiskSpace> disk_space(const std::filesystem::path&) override { return space; }
  std::set<server::PortHolder> listeners(const std::set<std::uint16_t>& ports) override;
  std::set<std::string> addresses() override { return own_addresses; }
  server::Lookups look_up(const std::vector<std::string>& asked, Duration) override;
  bool clock_is_kept() override { return kept_clock; }
};

}  // namespace dokku::testing
