// FetchedPacks: foreign buildpacks as they were fetched, kept so that the next build with one need
// not wait for its server (buildstep/buildpack/pack_store.h makes them and has the layout).
//
// One that is being fetched or copied is locked and stays. Threads: any.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>

#include "server/model/instance.h"

namespace dokku::server {

// What no build has asked for in that time goes by itself.
inline constexpr std::chrono::hours kFetchedPackLife{30 * 24};

// Removes those that were last used before `then`, the longest unused first, until `enough` says
// so. Returns the bytes.
std::uint64_t drop_fetched_packs(const Instance& instance, std::filesystem::file_time_type then,
                                 const std::function<bool()>& enough);

}  // namespace dokku::server
