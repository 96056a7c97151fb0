// BuildRecord: a deploy in the history of its app, with what the person saw of it.
//
// Stands between a deploy and its person: every line goes to both. The text is kept below the state
// directory as build-logs/<app id>/<number>.log, its beginning at once and its end when the build
// ends; what is between, in a build that prints without end, is left out. The newest of an app are
// kept (`builds:set retention`). A record that cannot be written (a full disk) is not the
// deploy's failure.
// Threads: one, but for reading files.
#pragma once

#include <filesystem>
#include <string>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "server/model/instance.h"
#include "server/model/progress.h"
#include "server/store/builds.h"
#include "server/store/store.h"

namespace dokku::server {

inline constexpr const char* kBuildsKept = "20";  // where nobody said how many
inline constexpr int kBuildsKeptMax = 1000;
inline constexpr std::size_t kBuildHeadMax = 512 << 10;
inline constexpr std::size_t kBuildTailMax = 512 << 10;

std::filesystem::path build_logs_dir(const Instance& instance, AppId app);
std::filesystem::path build_log_file(const Instance& instance, AppId app, std::uint64_t number);

// Forgets those beyond `builds:set retention`, and what they printed.
Result<> prune_builds(Store& store, const Instance& instance, AppId app);

class BuildRecord final : public Progress {
 public:
  struct Parts {
    const Instance& instance;
    Store& store;
    const Clock& clock;
  };
  // `kind`: "build" or "deploy"; `source`: "git-push".
  BuildRecord(const Parts& parts, AppId app, std::string kind, std::string source,
              Progress& person);

  // Ends it as `done` says; `release` is the one that is live now. Returns `done`.
  Result<> end(Result<> done, std::uint64_t release);

  void step(std::string_view text) override;
  void title(std::string_view text) override;
  void detail(std::string_view text) override;
  void warn(std::string_view text) override;
  void line(std::string_view text) override;
  void debug(std::string_view text) override { person_.debug(text); }  // not kept
  const CancelToken& cancel() const override { return person_.cancel(); }

 private:
  void begin();
  void keep(std::string_view marker, std::string_view text);
  void write_tail();

  const Parts parts_;
  const AppId app_;
  Progress& person_;
  Build build_;
  UniqueFd file_;
  std::size_t head_bytes_ = 0;
  std::string tail_;
  std::size_t left_out_ = 0;
};

}  // namespace dokku::server
