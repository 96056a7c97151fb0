// Where packs come from: the bundled ones, folders, git repositories and archives.
//
// Every build gets a copy of its own that its scripts may write to. Fetched packs are kept by URL
// and commit; a branch is asked again at each build, and when nobody answers the last one is used.
// In the cache a pack is ID, a folder; ID.new while it is fetched; ID.lock, held by who uses it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/result.h"
#include "buildstep/api/builder.h"
#include "buildstep/buildpack/git_worker.h"
#include "buildstep/buildpack/procfile.h"

namespace dokku::buildstep {

// A pack and the layers of the stack that it asks for.
struct Pack {
  std::string name;                  // "node", or "owner/name" of a foreign one
  std::string title;                 // "Node.js", until bin/detect says better
  std::filesystem::path directory;   // bundled: its home
  PackSource source;                 // foreign: where from
  std::vector<std::string> detects;  // bundled: file names of which one must be there
  std::vector<std::string> build_layers;
  std::vector<std::string> run_layers;
  bool bundled() const { return !directory.empty(); }
};

class PackStore {
 public:
  // `git` outlives it.
  PackStore(std::filesystem::path bundled, std::filesystem::path cache, std::string worker_program,
            const GitWorker& git)
      : bundled_(std::move(bundled)),
        cache_(std::move(cache)),
        worker_(std::move(worker_program)),
        git_(git) {}

  // In the order of detection. Read anew each time: a pack is a folder with a pack.conf.
  Result<std::vector<Pack>> bundled() const;
  // Also knows the names of bundled packs, for BUILDPACK_URL=node and `.buildpacks`.
  Result<Pack> find(const PackSource& asked) const;
  // Copies the pack into `to` (made here), owned by the build user, its scripts executable.
  Result<> place(const Pack& pack, const std::filesystem::path& to, Output& output,
                 const CancelToken& cancel) const;
  // Changes when a bundled pack does.
  Result<std::string> fingerprint() const;

 private:
  Result<> place_foreign(const Pack& pack, int target, Output& output,
                         const CancelToken& cancel) const;
  Result<> place_git(const Pack& pack, int target, Output& output, const CancelToken& cancel) const;
  Result<> place_archive(const Pack& pack, int target, const CancelToken& cancel) const;

  std::filesystem::path bundled_;
  std::filesystem::path cache_;
  std::string worker_;
  const GitWorker& git_;
};

}  // namespace dokku::buildstep
