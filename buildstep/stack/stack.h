// The stack: the Debian root that apps are built and run on, in thin layers.
//
// A run base, one layer of build tools on it, and per language a run and a build layer, made when a
// pack first asks. Layers are files in one directory that instances share (docs/formats.md); they
// are given to a container runtime when an image of them is first used.
// Threads: any; making a layer holds a lock file, so that two instances do not make it twice.
// Errors: unavailable (no network, no archive key: the message says what to do), internal.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "runtime/api/images.h"

namespace dokku::buildstep {

struct StackOptions {
  std::filesystem::path dir;
  std::string suite = "trixie";
  // Started as `dokku-worker install-layer …`; tests are their own worker.
  std::string worker_program = "/proc/self/exe";
};

// Receives one line for people now and then: "Preparing python on debian-13 (once)".
using Progress = std::function<void(std::string_view)>;

class Stack {
 public:
  virtual ~Stack() = default;

  // Base and tools exist, and the runtime has them, when this returns. A minute at first, some
  // seconds for another instance, then milliseconds. Without it the first build pays.
  virtual Result<> ensure_base(const Progress& progress) = 0;
  // An image of the run base and the run layers of these languages, known to the runtime.
  virtual Result<runtime::ImageRef> run_image(const std::vector<std::string>& languages,
                                              const Progress& progress) = 0;
  // The same with tools and the build layers on top.
  virtual Result<runtime::ImageRef> build_image(const std::vector<std::string>& languages,
                                                const Progress& progress) = 0;
  // Base and tools are on the disk: nothing would have to be fetched for a first build.
  virtual bool prepared() = 0;
  // Changes when any image of the stack would.
  virtual Result<std::string> fingerprint() = 0;
};

// `images` outlives the stack.
std::unique_ptr<Stack> make_stack(StackOptions options, runtime::Images& images);

// `dokkud --prepare-stack`: what an installer calls, with no container runtime at hand.
Result<> prepare_stack(const StackOptions& options, const Progress& progress);

}  // namespace dokku::buildstep
