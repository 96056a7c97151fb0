// Builder: a source tree in, an image and a process table out. Has never heard of a release.
//
// Called by server/deploy. Implemented by buildstep/buildpack; faked in tests/fakes. Threads: any;
// `build` blocks for as long as the build takes (minutes) and is ended early by `cancel`.
// Errors: invalid_argument (the source or the pack is at fault; the message is for the user),
// cancelled, timed_out, limit_exceeded, unavailable, internal. The message's lines are printed as
// " !     " lines; its first says what failed, a last one what to type next.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/clock.h"
#include "base/result.h"
#include "runtime/api/images.h"

namespace dokku::buildstep {

// Receives the build's output. Called from the building thread only.
class Output {
 public:
  virtual ~Output() = default;
  virtual void step(std::string_view text) = 0;    // "-----> text"
  virtual void detail(std::string_view text) = 0;  // seven spaces and text
  virtual void warn(std::string_view text) = 0;    // " !     text"
  // A line of a pack's own, already indented and masked (docs/buildpacks.md): print it as it is.
  virtual void pack_line(std::string_view line) = 0;
};

struct Limits {
  std::chrono::seconds total{30 * 60};
  std::chrono::seconds silence{10 * 60};
  std::chrono::seconds detect{30};
  std::uint64_t tree_bytes_max = 2ULL << 30;
  std::uint64_t tree_files_max = 200'000;
  std::uint64_t memory_bytes = 0;  // 0: chosen from the machine
};

// What small files of the tree ask of a build, read before anything is built.
struct TreeWishes {
  // Variables that the app's config got meanwhile: they count as if they had been in `config`.
  std::map<std::string, std::string> config;
  // Weaker than those set by command, stronger than .buildpacks.
  std::vector<std::string> buildpacks;
  // A shell command that runs in the finished tree, at the place where the app will find it; what
  // it changes there is part of the image. Empty: none.
  std::string predeploy;
};

using TreeFiles = std::map<std::string, std::string>;  // by name: "app.json"

struct BuildRequest {
  std::string name;              // for messages and for the build container's name; an identifier
  std::string build_id;          // unique per build, an identifier: "blog.b17"
  std::filesystem::path source;  // the pushed tree: a tar, plain, gzip or zstd
  std::filesystem::path cache;   // the app's cache directory; kept when the build succeeds
  std::string revision;          // full commit id, may be empty
  std::vector<std::string> buildpacks;        // set by command; BUILDPACK_URL in config wins
  std::map<std::string, std::string> config;  // merged config of the app: ENV files
  // Instance-wide, build only, masked in output: registry and proxy settings, certificates.
  std::map<std::string, std::string> platform_env;
  Limits limits;
  runtime::ImageRef image;            // the name that the result gets
  std::string procfile = "Procfile";  // where it lies in the tree
  std::string build_dir;              // the folder that is built; empty: the whole tree
  bool keep_git_dir = false;          // the tree's .git, where it has one, stays
  std::string shim_group = {};        // of the build container; empty: alone (runtime/api)
  std::string app_json = "app.json";  // likewise; it is "app.json" in `files` wherever it lies
  // Called before anything is built with what becomes BuildResult::files; an error ends the build.
  std::function<Result<TreeWishes>(const TreeFiles&)> look_at_files = {};
  // Called when the packs are done, before `predeploy` and the image.
  std::function<void()> on_compiled = {};
};

struct PhaseTime {
  std::string phase;  // "unpack", "detect", "compile", "release", "predeploy" (where there is one),
                      // "layers", "import", "stop", "cache"
  Duration wall{};
  Duration packs_own{};  // of it, between exec and exit of the pack's scripts
};

struct BuildResult {
  runtime::ImageInfo image;
  std::string pack_name;  // "Node.js"
  // Process type to command; the Procfile merged over the pack's defaults (docs/buildpacks.md).
  std::map<std::string, std::string> processes;
  bool has_procfile = false;
  // Config defaults of the packs: apply when the app has no such variable.
  std::map<std::string, std::string> config_defaults;
  // Small files of the tree that later stages read: "app.json", "CHECKS", "DOKKU_SCALE".
  TreeFiles files;
  std::vector<PhaseTime> times;
};

class Builder {
 public:
  virtual ~Builder() = default;
  virtual Result<BuildResult> build(const BuildRequest& request, Output& output,
                                    const CancelToken& cancel) = 0;
  // Identifies stack and bundled packs: part of what "unchanged" means.
  virtual Result<std::string> fingerprint() = 0;
};

}  // namespace dokku::buildstep
