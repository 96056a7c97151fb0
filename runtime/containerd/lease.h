// Lease: keeps the collector away from what is being made, until it is referred to.
//
// Internal to this folder. Given back when destroyed; expires by itself if we die. Threads: one.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace dokku::runtime {

class Channel;

class Lease {
 public:
  static Result<Lease> create(const Channel& channel);
  Lease(Lease&& other) noexcept;
  Lease& operator=(Lease&&) = delete;
  ~Lease();

  const std::string& id() const { return id_; }

 private:
  Lease(const Channel& channel, std::string id) : channel_(&channel), id_(std::move(id)) {}
  const Channel* channel_;
  std::string id_;  // empty: moved from
};

// Removes what nothing refers to, and waits until it is gone.
Result<> run_collector(const Channel& channel);

// Those that nobody gave back, for uninstalling.
Result<> remove_all_leases(const Channel& channel);

}  // namespace dokku::runtime
