// After a deploy: of each app the newest releases stay with image and source, the rest goes.
#include <set>

#include "base/log.h"
#include "server/deploy/pipeline.h"
#include "server/deploy/room.h"
#include "server/store/releases.h"

namespace dokku::server {
namespace {

constexpr std::size_t kRowsKept = 200;  // releases that only restarted share their image

bool can_run_again(const Release& release) {
  return !release.image_ref.empty() && release.state != ReleaseState::failed;
}

// Releases that are kept, newest first: rows of the newest images, and whatever runs or waits.
struct Kept {
  std::set<std::string> images;
  std::set<std::string> sources;
  std::vector<std::uint64_t> rows_to_delete;
};

Kept choose(const std::vector<Release>& newest_first, const std::set<std::uint64_t>& in_use,
            std::size_t images_kept) {
  Kept kept;
  std::size_t rows = 0;
  for (const Release& release : newest_first) {
    const bool runs = in_use.contains(release.number) || release.state == ReleaseState::live;
    const bool known = kept.images.contains(release.image_ref);
    const bool keeps =
        can_run_again(release) && (runs || known || kept.images.size() < images_kept);
    if (keeps && (++rows <= kRowsKept || runs)) {
      kept.images.insert(release.image_ref);
      if (!release.source_file.empty()) kept.sources.insert(release.source_file);
    } else if (release.state != ReleaseState::building && !runs) {
      kept.rows_to_delete.push_back(release.number);
    }
  }
  return kept;
}

}  // namespace

void Pipeline::prune(const Deploy& deploy) {
  const AppId id = deploy.app.id;
  const Result<Kept> kept = parts_.store.read([&](ReadTx& tx) -> Result<Kept> {
    const auto running = TRY(running_number(tx, id));
    const std::optional<Release> waiting = TRY(waiting_release(tx, id));
    std::set<std::uint64_t> in_use;
    if (running) in_use.insert(*running);
    if (waiting) in_use.insert(waiting->number);
    const std::vector<Release> all = TRY(list_releases(tx, id));
    const std::size_t images_kept = TRY(releases_kept(tx, id));
    return choose(all, in_use, images_kept);
  });
  if (!kept) return log::warn("pruning " + deploy.name() + ": " + kept.error().message());
  const auto images = parts_.images.list(image_prefix(deploy.name()));
  bool collect = false;
  if (images) {
    for (const runtime::ImageRef& image : *images) {
      if (kept->images.contains(image.str())) continue;
      const auto removed = parts_.images.remove(image, false);
      if (!removed) log::warn("removing " + image.str() + ": " + removed.error().message());
      collect = true;
    }
  }
  if (collect) room_.collect_soon();
  const auto sources =
      remove_other_sources({parts_.instance.sources_dir(), deploy.name()}, kept->sources);
  if (!sources) log::warn("pruning sources: " + sources.error().message());
  if (kept->rows_to_delete.empty()) return;
  const Result<> rows = parts_.store.write([&](WriteTx& tx) -> Result<> {
    for (const std::uint64_t number : kept->rows_to_delete) TRY(delete_release(tx, id, number));
    return {};
  });
  if (!rows) log::warn("pruning releases: " + rows.error().message());
  parts_.crash_points.reached("deploy.pruned-release");
}

}  // namespace dokku::server
