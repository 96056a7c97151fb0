#include "buildstep/stack/stack.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "buildstep/image/root_layer.h"
#include "buildstep/source/worker_call.h"
#include "buildstep/stack/base_root.h"
#include "buildstep/stack/layer_file.h"
#include "buildstep/stack/recipe.h"
#include "buildstep/stack/stale.h"
#include "runtime/digest/sha256.h"

namespace dokku::buildstep {
namespace {

namespace fs = std::filesystem;
using runtime::LayerFile;

// What a package manager leaves behind and no image needs.
std::vector<std::string> litter() {
  return {"dev",
          "proc",
          "sys",
          "run",
          "tmp",
          "root",
          "var/log",
          "var/cache/ldconfig",
          "var/cache/debconf",
          "var/cache/apt",
          "var/lib/apt/lists",
          "var/tmp"};
}

// Layers as files. <dir>/<suite>-<recipe>/: root (the base as a folder), tools (the upper folder of
// the tools), NAME.tar.zst and NAME.json for each layer, lock.
class LayerShelf {
 public:
  explicit LayerShelf(StackOptions options)
      : options_(std::move(options)),
        home_(options_.dir / (options_.suite + "-" + recipe_fingerprint(options_.suite))) {}

  Result<LayerFile> base(const Progress& progress) {
    return find_or_make("base", base_packages(), progress, [&]() -> Result<fs::path> {
      progress("Preparing the stack's base, Debian " + options_.suite + " (once)");
      const fs::path fresh = home_ / "root.new";
      TRY(clear(fresh));
      TRY(make_base_root(fresh, options_.suite, home_ / "log"));
      TRY(clear(home_ / "root"));
      if (::rename(fresh.c_str(), (home_ / "root").c_str()) < 0)
        return fail_syscall("rename", errno);
      return home_ / "root";
    });
  }

  Result<LayerFile> layer(const LayerRecipe& recipe, const Progress& progress) {
    const fs::path work = home_ / (recipe.name + ".work");
    return find_or_make(recipe.name, recipe.packages, progress, [&]() -> Result<fs::path> {
      progress("Preparing " + recipe.title + " on debian-13 (once)");
      return install(recipe, work);
    });
  }

  const fs::path& home() const { return home_; }

  void remove_stale() {
    const WallTime now = system_clock()->wall();
    for (const auto& name : remove_stale_stacks(options_.dir, options_.suite, home_, now)) {
      log::info("removed the stack " + name + ", which nobody has used for a week");
    }
  }

 private:
  template <class Make>
  Result<LayerFile> find_or_make(const std::string& name, const std::vector<std::string>& packages,
                                 const Progress& progress, Make&& make) {
    Result<LayerFile> there = read_layer_note(home_, name, packages);
    std::error_code ignored;
    if (!there) fs::create_directories(home_, ignored);
    std::call_once(held_once_, [this] { hold(); });
    if (there) return there;
    const UniqueFd lock = TRY(open_file(home_ / "lock", O_CREAT | O_RDWR, 0644));
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) < 0) {
      if (errno != EWOULDBLOCK) return fail_syscall("flock", errno);
      progress("The stack is being prepared just now (once, a minute or two); waiting for it");
      if (::flock(lock.get(), LOCK_EX) < 0) return fail_syscall("flock", errno);
    }
    there = read_layer_note(home_, name, packages);  // another instance was faster
    if (there) return there;
    const fs::path root = TRY(make());
    RootLayerOptions options{litter(), {home_ / "root"}};
    if (name != tools_recipe().name) options.lowers.push_back(home_ / "tools");
    const LayerFile layer = TRY(write_root_layer(root, home_ / (name + ".tar.zst"), options));
    TRY(write_layer_note(home_, name, layer, packages));
    // Only the base and the tools stay as folders: later layers are installed over them.
    std::error_code gone;
    fs::remove_all(home_ / (name + ".work"), gone);
    return layer;
  }

  // So that no other instance takes it for stale.
  void hold() {
    Result<UniqueFd> held = hold_stack(home_);
    if (held) {
      held_ = *std::move(held);
    } else {
      log::warn("the stack's lock: " + held.error().message());
    }
  }

  Result<fs::path> install(const LayerRecipe& recipe, const fs::path& work) {
    TRY(clear(work));
    std::error_code ignored;
    fs::create_directories(work, ignored);
    const std::string lower =
        (recipe.over_tools ? (home_ / "tools").string() + ":" : "") + (home_ / "root").string();
    WorkerCall call{.program = options_.worker_program, .task = "install-layer"};
    call.arguments = {lower, work.string()};
    call.arguments.insert(call.arguments.end(), recipe.packages.begin(), recipe.packages.end());
    call.uid = std::nullopt;
    call.limit = std::chrono::minutes(15);
    const Result<std::string> done = call_worker(call, nullptr);
    if (!done) return Fail(Error(done.error()).while_("Cannot prepare " + recipe.title));
    if (recipe.name != tools_recipe().name) return work / "upper";
    // Later layers are installed over the tools, so their folder stays.
    TRY(clear(home_ / "tools"));
    if (::rename((work / "upper").c_str(), (home_ / "tools").c_str()) < 0) {
      return fail_syscall("rename", errno);
    }
    return home_ / "tools";
  }

  static Result<> clear(const fs::path& path) {
    std::error_code error;
    fs::remove_all(path, error);
    if (error) return fail(Errc::internal, path.string() + ": " + error.message());
    return {};
  }

  StackOptions options_;
  fs::path home_;
  std::once_flag held_once_;
  UniqueFd held_;
};

class RealStack : public Stack {
 public:
  RealStack(StackOptions options, runtime::Images& images)
      : shelf_(std::move(options)), images_(images) {}

  Result<> ensure_base(const Progress& progress) override {
    TRY(run_image({}, progress));
    TRY(build_image({}, progress));
    shelf_.remove_stale();
    return {};
  }

  Result<runtime::ImageRef> run_image(const std::vector<std::string>& languages,
                                      const Progress& progress) override {
    const LayerFile base = TRY(shelf_.base(progress));
    std::vector<LayerFile> layers{base};
    for (const std::string& language : languages) {
      if (!known_language(language)) return unknown(language);
      const LayerRecipe* recipe = run_recipe(language);
      if (recipe == nullptr) continue;
      LayerFile layer = TRY(shelf_.layer(*recipe, progress));
      layers.push_back(std::move(layer));
    }
    return image("stack/run", layers);
  }

  Result<runtime::ImageRef> build_image(const std::vector<std::string>& languages,
                                        const Progress& progress) override {
    const LayerFile base = TRY(shelf_.base(progress));
    std::vector<LayerFile> layers{base};
    LayerFile tools = TRY(shelf_.layer(tools_recipe(), progress));
    layers.push_back(std::move(tools));
    for (const std::string& language : languages) {
      if (!known_language(language)) return unknown(language);
      const LayerRecipe* recipe = build_recipe(language);
      if (recipe == nullptr) continue;
      LayerFile layer = TRY(shelf_.layer(*recipe, progress));
      layers.push_back(std::move(layer));
    }
    return image("stack/build", layers);
  }

  bool prepared() override {
    return read_layer_note(shelf_.home(), "base", base_packages()).has_value() &&
           read_layer_note(shelf_.home(), tools_recipe().name, tools_recipe().packages).has_value();
  }

  Result<std::string> fingerprint() override {
    const auto base = read_layer_note(shelf_.home(), "base", base_packages());
    const auto tools = read_layer_note(shelf_.home(), tools_recipe().name, tools_recipe().packages);
    // Not prepared yet: whatever is asked now differs from what the first build will see.
    if (!base || !tools) return std::string("not prepared");
    return runtime::sha256_of(base->diff_id.str() + tools->diff_id.str());
  }

 private:
  static Fail unknown(const std::string& language) {
    return fail(Errc::invalid_argument, "the stack has no layer '" + language + "'");
  }

  // The image of these layers, made when the runtime does not have it yet.
  Result<runtime::ImageRef> image(const std::string& name, const std::vector<LayerFile>& layers) {
    std::string all;
    for (const LayerFile& layer : layers) all += layer.diff_id.str();
    runtime::ImageRef ref =
        TRY(runtime::ImageRef::parse(name + ":" + runtime::sha256_of(all).substr(7, 16)));
    const Result<runtime::ImageInfo> there = images_.inspect(ref);
    if (there) return ref;
    if (there.error().code() != Errc::not_found) return Fail(there.error());
    runtime::ImageConfig config;
    config.env = {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
                  {"LANG", "C.UTF-8"}};
    Result<runtime::ImageInfo> made = images_.compose(ref, nullptr, layers, config);
    if (!made) return Fail(std::move(made).error().while_("Cannot store the stack"));
    return ref;
  }

  LayerShelf shelf_;
  runtime::Images& images_;
};

}  // namespace

std::unique_ptr<Stack> make_stack(StackOptions options, runtime::Images& images) {
  return std::make_unique<RealStack>(std::move(options), images);
}

Result<> prepare_stack(const StackOptions& options, const Progress& progress) {
  LayerShelf shelf(options);
  TRY(shelf.base(progress));
  TRY(shelf.layer(tools_recipe(), progress));
  return {};
}

}  // namespace dokku::buildstep
