// Releases in the store. Rows never change but in their state, and by `complete_build`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "server/model/release.h"
#include "server/store/apps.h"

namespace dokku::server {

// Gives `release` its number (max + 1 of all that ever were) and returns it.
Result<std::uint64_t> add_release(WriteTx& tx, AppId app, const Release& release);
// Fills in what a build found out (image, processes, pack, files, defaults) and moves building to
// built. conflict: not building.
Result<> complete_build(WriteTx& tx, AppId app, const Release& built);
// conflict: `can_become` says no. Becoming live retires what was live, in the same transaction.
Result<> set_release_state(WriteTx& tx, AppId app, std::uint64_t number, ReleaseState state);
Result<> delete_release(WriteTx& tx, AppId app, std::uint64_t number);

// Where an app's images and sources are, by the beginnings of their names: "dokku/blog:", "blog/".
struct ReleasePlaces {
  std::string images;
  std::string sources;
};
// For an app that gets another name.
Result<> move_releases(WriteTx& tx, AppId app, const ReleasePlaces& from, const ReleasePlaces& to);

// invalid_argument: no such release.
Result<Release> find_release(const ReadTx& tx, AppId app, std::uint64_t number);
Result<std::optional<Release>> live_release(const ReadTx& tx, AppId app);
Result<std::vector<Release>> list_releases(const ReadTx& tx, AppId app);  // newest first
struct AppRelease {
  AppId app{};
  Release release;
};
// In any of these states, of all apps: what to clean up or start after a restart of the daemon.
Result<std::vector<AppRelease>> releases_in(const ReadTx& tx,
                                            const std::vector<ReleaseState>& states);

}  // namespace dokku::server
