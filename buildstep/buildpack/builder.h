// The buildpack executor: chooses packs, runs them in one build container, makes the image.
//
// Built once by programs/dokkud. Several builds may run at once, each on its own thread.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "buildstep/api/builder.h"
#include "buildstep/stack/stack.h"
#include "runtime/api/containers.h"
#include "runtime/api/networks.h"

namespace dokku::buildstep {

struct BuilderOptions {
  std::filesystem::path builds_dir;      // a directory per running build; root only
  std::filesystem::path run_dir;         // ENV files and FIFOs: may be on a tmpfs
  std::filesystem::path packs_dir;       // the bundled packs
  std::filesystem::path pack_cache_dir;  // fetched packs by URL and commit
  std::filesystem::path init_program;    // dokku-init, bound into the build container
  // Bound read-only over the container's own when it exists.
  std::filesystem::path ca_bundle = "/etc/ssl/certs/ca-certificates.crt";
  std::filesystem::path ssh_dir;           // git_worker.h: whom to trust, and the server's key
  std::string container_prefix = "build";  // of container ids: "<prefix>.<build_id>"
  std::string worker_program = "/proc/self/exe";
};

// What it needs of the outside, all outliving the builder.
struct BuilderParts {
  runtime::Containers& containers;
  runtime::Images& images;
  runtime::Networks& networks;
  Stack& stack;
};

class BuildpackBuilder : public Builder {
 public:
  // What a killed daemon left: build containers, mounts, directories. Call once at start.
  virtual Result<> clean_left_overs() = 0;
};

std::unique_ptr<BuildpackBuilder> make_buildpack_builder(BuilderOptions options,
                                                         BuilderParts parts);

}  // namespace dokku::buildstep
