// Runs a pack's three scripts, one file per contract: what each gets and what its exit means is in
// docs/buildpacks.md. Used by executor.cc.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "buildstep/api/builder.h"
#include "buildstep/buildpack/build_box.h"
#include "buildstep/buildpack/line_stream.h"
#include "buildstep/buildpack/release.h"

namespace dokku::buildstep {

// A pack as it lies in the box.
struct PlacedPack {
  std::string name;            // for messages
  std::filesystem::path host;  // its directory on the host
  std::string inside;          // the same as the scripts see it
};

struct Detected {
  bool yes = false;
  std::string name;    // first line of stdout
  std::string reason;  // what it said on stderr, for a pack that the user chose
};

class PackRunner {
 public:
  PackRunner(BuildBox& box, const BuildRequest& request, std::vector<std::string> environment,
             Output& output, const CancelToken& cancel);

  Result<Detected> detect(const PlacedPack& pack);
  // An error's message is for the user; its last lines came before.
  Result<> compile(const PlacedPack& pack);
  // Missing script or empty output: an empty answer.
  Result<ReleaseInfo> release(const PlacedPack& pack, const std::string& worker_program);

  // What the scripts themselves took so far.
  Duration packs_own() const { return packs_own_; }

 private:
  Phase phase_of(const PlacedPack& pack, const std::string& script,
                 std::vector<std::string> arguments) const;
  Result<PhaseEnd> run(const Phase& phase, Duration most, PhaseWatcher& watcher);
  Result<> judge(const PlacedPack& pack, const PhaseEnd& end, const LineStream& lines);
  Fail explain(const PlacedPack& pack, const PhaseEnd& end, const LineStream& lines);

  BuildBox& box_;
  const BuildRequest& request_;
  std::vector<std::string> environment_;
  Output& output_;
  const CancelToken& cancel_;
  TimePoint deadline_;
  std::vector<std::string> exports_;  // files of earlier packs, to be sourced
  Duration packs_own_{};
};

}  // namespace dokku::buildstep
