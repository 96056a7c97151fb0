#include "buildstep/buildpack/executor.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <sstream>
#include <thread>

#include "base/atomic_file.h"
#include "base/io.h"
#include "buildstep/buildpack/beneath.h"
#include "buildstep/buildpack/build_dirs.h"
#include "buildstep/buildpack/cache_dir.h"
#include "buildstep/buildpack/environment.h"
#include "buildstep/buildpack/pack_runner.h"
#include "buildstep/buildpack/predeploy.h"
#include "buildstep/buildpack/pushed_tree.h"
#include "buildstep/image/layers.h"
#include "buildstep/source/worker_call.h"
#include "runtime/digest/sha256.h"

namespace dokku::buildstep {
namespace {

namespace fs = std::filesystem;

constexpr std::array<const char*, 2> kKeptFiles{"CHECKS", "DOKKU_SCALE"};

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

bool exists_in(int tree, const std::string& name) {
  struct stat seen {};
  return ::fstatat(tree, name.c_str(), &seen, AT_SYMLINK_NOFOLLOW) == 0;
}

// Packs refer to $HOME and $PATH in config_vars now and then, and forget the standard folders.
std::string as_default(const std::string& name, std::string value) {
  static const std::string kPath = "/usr/local/bin:/usr/bin:/bin";
  const auto replace = [&](const std::string& what, const std::string& by) {
    for (std::size_t at = 0; (at = value.find(what, at)) != std::string::npos; at += by.size()) {
      value.replace(at, what.size(), by);
    }
  };
  for (const char* form : {"$HOME", "${HOME}"}) replace(form, "/app");
  for (const char* form : {"$PATH", "${PATH}"}) replace(form, kPath);
  if (name == "PATH" && (":" + value + ":").find(":/usr/local/bin:") == std::string::npos) {
    value = "/usr/local/bin:" + value;
  }
  return value;
}

class Build {
 public:
  Build(const ExecutorParts& parts, const BuildRequest& request, Output& output,
        const CancelToken& cancel)
      : parts_(parts), request_(request), output_(output), cancel_(cancel) {}

  Result<BuildResult> run() {
    BuildDirs dirs =
        TRY(BuildDirs::create(parts_.builds_dir, parts_.run_dir, request_.build_id, parts_.trash));
    dirs_ = &dirs;
    TRY(timed("unpack", [&] { return unpack(); }));
    TRY(read_app_files());
    TRY(choose_packs());
    CacheDir cache = TRY(CacheDir::open(request_.cache / "packs"));
    cache_ = &cache;
    TRY(timed("detect", [&] { return detect(); }));
    TRY(timed("compile", [&] { return compile(); }));
    TRY(timed("release", [&] { return release(); }));
    TRY(read_processes());
    if (request_.on_compiled) request_.on_compiled();
    TRY(predeploy());
    // Nothing may write to the tree any more; ending the box takes as long as the image does.
    std::thread closing([this] { box_.reset(); });
    Result<> image = timed("layers", [&] { return make_layers(); });
    if (image) image = timed("import", [&] { return make_image(); });
    TRY(timed("stop", [&] {
      closing.join();
      return Result<>();
    }));
    if (!image) return Fail(std::move(image).error());
    const Result<> kept = timed("cache", [&] { return cache.keep(); });
    if (!kept) output_.warn("The cache was not kept: " + kept.error().message());
    return std::move(result_);
  }

  // The box must be gone before the directories that it has bound.
  ~Build() { box_.reset(); }

 private:
  // Stands in until the image is there: names have no empty value.
  static runtime::ImageInfo nothing_yet(const BuildRequest& request) {
    static const auto kNone = runtime::Digest::parse("sha256:" + std::string(64, '0'));
    return {.ref = request.image, .manifest = *kNone};
  }

  template <class F>
  Result<> timed(const char* phase, F&& f) {
    const TimePoint from = std::chrono::steady_clock::now();
    const Duration own_before = runner_ ? runner_->packs_own() : Duration{};
    Result<> done = f();
    const Duration own = runner_ ? runner_->packs_own() - own_before : Duration{};
    result_.times.push_back({phase, std::chrono::steady_clock::now() - from, own});
    return done;
  }

  Result<> unpack() {
    tree_ =
        TRY(lay_out_tree({request_, *dirs_, parts_.worker_program, parts_.git, output_, cancel_}));
    return {};
  }

  Result<> read_app_files() {
    for (const char* name : kKeptFiles) {
      if (auto text = read_beneath(tree_.get(), name)) result_.files[name] = std::move(*text);
    }
    if (auto text = read_beneath(tree_.get(), request_.app_json)) {
      result_.files["app.json"] = std::move(*text);
    }
    // A Procfile that does not parse fails before minutes of compiling.
    if (const auto text = procfile()) TRY(parse_procfile(*text));
    if (request_.look_at_files) wishes_ = TRY(request_.look_at_files(result_.files));
    if (const auto text = read_beneath(tree_.get(), ".env")) {
      result_.config_defaults = parse_dot_env(*text);
    }
    config_ = result_.config_defaults;
    for (const auto& [name, value] : request_.config) config_[name] = value;
    for (const auto& [name, value] : wishes_.config) config_[name] = value;
    result_.config_defaults.erase("BUILDPACK_URL");
    return write_env_files(dirs_->env(), config_, kBuildUid);
  }

  // BUILDPACK_URL, else set by command, else of app.json, else .buildpacks, else detection
  // (docs/buildpacks.md).
  Result<> choose_packs() {
    std::vector<PackSource> sources;
    const auto url = config_.find("BUILDPACK_URL");
    if (url != config_.end() && !url->second.empty()) {
      sources.push_back(PackSource::parse(url->second));
    } else if (!request_.buildpacks.empty() || !wishes_.buildpacks.empty()) {
      for (const std::string& text :
           request_.buildpacks.empty() ? wishes_.buildpacks : request_.buildpacks) {
        sources.push_back(PackSource::parse(text));
      }
    } else if (const auto text = read_beneath(tree_.get(), ".buildpacks")) {
      sources = parse_buildpacks_file(*text);
    }
    chosen_by_user_ = !sources.empty();
    if (!chosen_by_user_) return choose_candidates();
    for (const PackSource& source : sources) {
      Pack pack = TRY(parts_.packs.find(source));
      packs_.push_back(std::move(pack));
    }
    return {};
  }

  // Bundled packs of which a file is there; their own bin/detect decides afterwards.
  Result<> choose_candidates() {
    std::vector<Pack> ours = TRY(parts_.packs.bundled());
    std::vector<std::string> looked_for;
    for (Pack& pack : ours) {
      const bool hinted =
          std::any_of(pack.detects.begin(), pack.detects.end(),
                      [&](const std::string& f) { return exists_in(tree_.get(), f); });
      if (!pack.detects.empty()) {
        looked_for.push_back(pack.title + " (" + joined(pack.detects, " or ") + ")");
      }
      if (hinted || pack.detects.empty()) packs_.push_back(std::move(pack));
    }
    if (packs_.empty()) return nothing_detects(looked_for);
    looked_for_ = std::move(looked_for);
    return {};
  }

  static Fail nothing_detects(const std::vector<std::string>& looked_for) {
    return fail(Errc::invalid_argument,
                "Unable to select a buildpack: the pushed tree has none of the files of " +
                    joined(looked_for, ", ") +
                    "\nAdd a Procfile, or choose a pack: dokku config:set APP BUILDPACK_URL=URL");
  }

  Result<> open_box(const std::vector<std::string>& languages, bool built = false) {
    runner_.reset();
    box_.reset();
    const Progress progress = [this](std::string_view text) { output_.step(text); };
    const runtime::ImageRef image = TRY(parts_.stack.build_image(languages, progress));
    box_ = TRY(parts_.boxes.open(
        {request_.build_id, image, dirs_->tree(), cache_->path(), dirs_->env(), dirs_->packs(),
         request_.limits.memory_bytes, request_.shim_group, built},
        cancel_));
    runner_.emplace(*box_, request_, script_environment(request_, config_, box_->places()), output_,
                    cancel_);
    box_layers_ = languages;
    return {};
  }

  Result<> place_packs() {
    const bool several = packs_.size() > 1 && chosen_by_user_;
    for (std::size_t i = 0; i < packs_.size(); ++i) {
      const Pack& pack = packs_[i];
      if (!pack.bundled() && several)
        output_.pack_line("=====> Downloading Buildpack: " + pack.name);
      if (!pack.bundled() && !several) output_.step("Fetching custom buildpack " + pack.name);
      const std::string name = (i < 10 ? "0" : "") + std::to_string(i) + "_pack";
      TRY(parts_.packs.place(pack, dirs_->packs() / name, output_, cancel_));
      placed_.push_back({pack.title, dirs_->packs() / name, name});
    }
    return {};
  }

  Result<> detect() {
    TRY(place_packs());
    // Chosen packs run together; of candidates the first that detects runs, so it is the guess.
    std::vector<std::string> languages;
    for (const Pack& pack : packs_) {
      for (const std::string& layer : pack.build_layers) {
        if (std::find(languages.begin(), languages.end(), layer) == languages.end()) {
          languages.push_back(layer);
        }
      }
      if (!chosen_by_user_) break;
    }
    TRY(open_box(languages));
    for (PlacedPack& pack : placed_) pack.inside = box_->places().packs + "/" + pack.inside;
    return chosen_by_user_ ? detect_chosen() : detect_candidates();
  }

  Result<> detect_chosen() {
    if (packs_.size() == 1) return detect_one(0);
    return {};  // each before its compile: an earlier pack may make what a later one looks for
  }

  Result<> detect_one(std::size_t index) {
    const Detected found = TRY(runner_->detect(placed_[index]));
    if (!found.yes) {
      std::string text = packs_[index].name + " does not accept this app (bin/detect failed)";
      if (!found.reason.empty()) text += "\n" + found.reason;
      return fail(Errc::invalid_argument, text);
    }
    placed_[index].name = found.name;
    result_.pack_name = found.name;
    if (packs_.size() > 1 && chosen_by_user_) {
      output_.pack_line("=====> Detected Framework: " + found.name);
    } else {
      output_.step(found.name + " app detected");
    }
    return {};
  }

  Result<> detect_candidates() {
    std::vector<std::string> names;
    std::optional<std::size_t> first;
    for (std::size_t i = 0; i < placed_.size(); ++i) {
      const Detected found = TRY(runner_->detect(placed_[i]));
      if (!found.yes) continue;
      placed_[i].name = found.name;
      names.push_back(packs_[i].name);
      if (!first) first = i;
    }
    if (!first) return nothing_detects(looked_for_);
    const Pack pack = packs_[*first];
    const PlacedPack placed = placed_[*first];
    packs_ = {pack};
    placed_ = {placed};
    result_.pack_name = placed.name;
    output_.step(placed.name + " app detected");
    // The null pack accepts any tree with a Procfile; it is not worth a word.
    names.erase(std::remove(names.begin(), names.end(), "null"), names.end());
    if (names.size() > 1) {
      output_.detail("Several buildpacks fit: " + joined(names, ", ") +
                     ". To choose: dokku config:set " + request_.name +
                     " BUILDPACK_URL=" + names[1]);
    }
    if (pack.build_layers != box_layers_) TRY(open_box(pack.build_layers));
    return {};
  }

  Result<> compile() {
    for (std::size_t i = 0; i < placed_.size(); ++i) {
      if (placed_.size() > 1) TRY(detect_one(i));
      TRY(runner_->compile(placed_[i]));
    }
    return {};
  }

  // Only the last pack's release counts.
  Result<> release() {
    ReleaseInfo info = TRY(runner_->release(placed_.back(), parts_.worker_program));
    defaults_ = std::move(info.processes);
    for (auto& [name, value] : info.config_vars) {
      result_.config_defaults.try_emplace(name, as_default(name, value));
    }
    if (!info.addons.empty()) {
      output_.detail("This pack suggests: " + joined(info.addons, ", "));
    }
    return {};
  }

  std::optional<std::string> procfile() const {
    return read_beneath(tree_.get(), request_.procfile);
  }

  Result<> read_processes() {
    output_.step("Discovering process types");
    const auto text = procfile();
    result_.has_procfile = text.has_value();
    if (text) result_.processes = TRY(parse_procfile(*text));
    std::vector<std::string> declared;
    for (const auto& [type, command] : result_.processes) declared.push_back(type);
    std::vector<std::string> added;
    for (const auto& [type, command] : defaults_) {
      if (result_.processes.emplace(type, command).second) added.push_back(type);
    }
    if (!declared.empty()) output_.detail("Procfile declares types -> " + joined(declared, ", "));
    if (!added.empty()) {
      output_.detail("Default types for " + result_.pack_name + " -> " + joined(added, ", "));
    }
    return {};
  }

  // In a box of its own: there the tree lies where the app will find it.
  Result<> predeploy() {
    output_.step("Checking for predeploy task");
    if (wishes_.predeploy.empty()) {
      output_.detail("No predeploy task found, skipping");
      return {};
    }
    runner_.reset();
    return timed("predeploy", [&]() -> Result<> {
      TRY(open_box(box_layers_, true));
      Variables variables = result_.config_defaults;
      for (const auto& [name, value] : config_) variables[name] = value;
      return run_predeploy(*box_, {request_, wishes_.predeploy, variables}, output_, cancel_);
    });
  }

  fs::path known_file() const { return request_.cache / "layers"; }

  // What the last good build's layers were: "part entries bytes digest" lines.
  std::map<std::string, KnownLayer> known_layers() const {
    std::map<std::string, KnownLayer> known;
    std::istringstream in(read_file(known_file(), 64 << 10).value_or(""));
    std::string part;
    KnownLayer layer;
    while (in >> part >> layer.entries >> layer.bytes >> layer.digest) known[part] = layer;
    return known;
  }

  Result<> make_layers() { return write_layer_files(known_layers()); }

  Result<> write_layer_files(std::map<std::string, KnownLayer> known) {
    LayerOptions options;
    options.owner = kBuildUid;
    options.directory = dirs_->layers();
    options.known = std::move(known);
    options.app_time = TRY(time_of_content());
    layers_ = TRY(write_layers(tree_.get(), options));
    return {};
  }

  // Between 2000 and 2016, decided by the pushed bytes: the same tree has the same time, another
  // tree another one.
  Result<std::int64_t> time_of_content() {
    const std::string digest = TRY(runtime::sha256_of_file(request_.source));
    return kEntryTime + static_cast<std::int64_t>(std::stoul(digest.substr(7, 7), nullptr, 16)) * 2;
  }

  Result<> make_image() {
    std::vector<std::string> languages;
    for (const Pack& pack : packs_) {
      languages.insert(languages.end(), pack.run_layers.begin(), pack.run_layers.end());
    }
    const Progress progress = [this](std::string_view text) { output_.step(text); };
    const runtime::ImageRef base = TRY(parts_.stack.run_image(languages, progress));
    runtime::ImageConfig config;
    config.env = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                  {"LANG", "C.UTF-8"},
                  {"HOME", "/app"},
                  {"USER", "dokku"}};
    config.user = std::to_string(kBuildUid) + ":" + std::to_string(kBuildUid);
    config.working_dir = "/app";
    Result<runtime::ImageInfo> image = compose(base, config);
    if (!image && image.error().code() == Errc::not_found) {
      // The store has lost a layer that was only hashed: write it after all.
      TRY(write_layer_files({}));
      image = compose(base, config);
    }
    if (!image) return Fail(std::move(image).error().while_("Cannot store the image"));
    result_.image = std::move(*image);
    std::string known;
    for (const Layer& layer : layers_.layers) {
      known += layer.part + " " + std::to_string(layer.known.entries) + " " +
               std::to_string(layer.known.bytes) + " " + layer.known.digest + "\n";
    }
    return write_file_atomically(known_file(), known);
  }

  Result<runtime::ImageInfo> compose(const runtime::ImageRef& base,
                                     const runtime::ImageConfig& config) {
    std::vector<runtime::LayerFile> files;
    for (const Layer& layer : layers_.layers) files.push_back(layer.file);
    return parts_.images.compose(request_.image, &base, files, config);
  }

  const ExecutorParts& parts_;
  const BuildRequest& request_;
  Output& output_;
  const CancelToken& cancel_;

  BuildDirs* dirs_ = nullptr;
  CacheDir* cache_ = nullptr;
  UniqueFd tree_;
  TreeWishes wishes_;
  Variables config_;
  bool chosen_by_user_ = false;
  std::vector<Pack> packs_;
  std::vector<PlacedPack> placed_;
  std::vector<std::string> looked_for_;
  std::vector<std::string> box_layers_;
  std::unique_ptr<BuildBox> box_;
  std::optional<PackRunner> runner_;
  Processes defaults_;
  Layers layers_;
  BuildResult result_{.image = nothing_yet(request_)};
};

std::uint64_t memory_of_a_build() {
  const auto total = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES)) *
                     static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return std::max<std::uint64_t>(total / 2, 768ULL << 20);
}

}  // namespace

Result<BuildResult> execute_build(const ExecutorParts& parts, const BuildRequest& request,
                                  Output& output, const CancelToken& cancel) {
  BuildRequest filled = request;
  if (filled.limits.memory_bytes == 0) filled.limits.memory_bytes = memory_of_a_build();
  return Build(parts, filled, output, cancel).run();
}

}  // namespace dokku::buildstep
