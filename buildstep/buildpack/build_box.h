// BuildBox: the place where the phases of one build run, and BuildBoxes, which makes them.
//
// Implemented over runtime::Containers (container_box.cc) and by plain processes in tests.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"
#include "buildstep/buildpack/phase_runner.h"
#include "runtime/api/images.h"

namespace dokku::buildstep {

struct BoxSpec {
  std::string build_id;
  runtime::ImageRef image;
  // On the host; all exist and belong to the build user.
  std::filesystem::path build, cache, env, packs;
  std::uint64_t memory_bytes = 0;
  std::string shim_group = {};  // as in runtime::ContainerSpec
  bool built = false;  // the tree is finished: it lies at the home, as a process will find it
};

// The same as the scripts see them.
struct Places {
  std::string build = "/tmp/build";
  std::string cache = "/tmp/cache";
  std::string env = "/tmp/env";
  std::string packs = "/tmp/buildpacks";
  std::string home = "/app";
  std::string ca_bundle;  // empty: the image's own
};

class BuildBox : public PhaseRunner {
 public:
  // Ends everything in it and removes it.
  ~BuildBox() override = default;
  virtual const Places& places() const = 0;
  // Whether the memory limit killed something in it. Asked after a SIGKILL only: may wait a second
  // for the news.
  virtual bool out_of_memory() = 0;
};

class BuildBoxes {
 public:
  virtual ~BuildBoxes() = default;
  virtual Result<std::unique_ptr<BuildBox>> open(const BoxSpec& spec,
                                                 const CancelToken& cancel) = 0;
  // Boxes that a killed daemon left.
  virtual Result<> remove_left_overs() = 0;
};

}  // namespace dokku::buildstep
