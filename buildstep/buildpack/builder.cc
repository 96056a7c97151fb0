#include "buildstep/buildpack/builder.h"

#include "buildstep/buildpack/cache_dir.h"
#include "buildstep/buildpack/container_box.h"
#include "buildstep/buildpack/executor.h"
#include "runtime/digest/sha256.h"

namespace dokku::buildstep {
namespace {

namespace fs = std::filesystem;

class RealBuilder : public BuildpackBuilder {
 public:
  RealBuilder(BuilderOptions options, BuilderParts parts)
      : options_(std::move(options)),
        parts_(parts),
        git_(options_.worker_program, options_.ssh_dir),
        packs_(options_.packs_dir, options_.pack_cache_dir, options_.worker_program, git_),
        trash_(options_.builds_dir / ".trash"),
        boxes_(container_boxes(options_, parts_.containers, parts_.networks)) {}

  Result<BuildResult> build(const BuildRequest& request, Output& output,
                            const CancelToken& cancel) override {
    return execute_build({*boxes_, parts_.stack, parts_.images, packs_, options_.builds_dir,
                          options_.run_dir, options_.worker_program, trash_, git_},
                         request, output, cancel);
  }

  Result<std::string> fingerprint() override {
    const std::string stack = TRY(parts_.stack.fingerprint());
    const std::string packs = TRY(packs_.fingerprint());
    return runtime::sha256_of(stack + " " + packs);
  }

  Result<> clean_left_overs() override {
    TRY(boxes_->remove_left_overs());
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(options_.builds_dir, ignored)) {
      if (entry.path().filename() != ".trash") trash_.take(entry.path());
    }
    trash_.sweep();
    for (const fs::directory_entry& entry : fs::directory_iterator(options_.run_dir, ignored)) {
      fs::remove_all(entry.path(), ignored);
    }
    return {};
  }

 private:
  BuilderOptions options_;
  BuilderParts parts_;
  GitWorker git_;
  PackStore packs_;
  Trash trash_;
  std::unique_ptr<BuildBoxes> boxes_;
};

}  // namespace

std::unique_ptr<BuildpackBuilder> make_buildpack_builder(BuilderOptions options,
                                                         BuilderParts parts) {
  return std::make_unique<RealBuilder>(std::move(options), parts);
}

}  // namespace dokku::buildstep
