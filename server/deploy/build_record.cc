#include "server/deploy/build_record.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "base/io.h"
#include "base/log.h"
#include "server/store/properties.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kErrorMax = 500;

std::string first_line(const std::string& text) {
  return text.substr(0, std::min(text.find('\n'), kErrorMax));
}

void only_log(const char* what, const Result<>& result) {
  if (!result) log::warn(std::string(what) + ": " + result.error().message());
}

// Those beyond the retention. Returns the oldest number that is kept; 0: there is none.
Result<std::uint64_t> forget_builds(WriteTx& tx, AppId app) {
  const std::string set = TRY(computed_property(tx, app, "builds.retention", kBuildsKept));
  const int kept = std::clamp(std::atoi(set.c_str()), 1, kBuildsKeptMax);
  TRY(prune_builds(tx, app, kept));
  const std::vector<Build> left = TRY(list_builds(tx, app, kept));
  return left.empty() ? std::uint64_t{0} : left.back().number;
}

void remove_outputs(const Instance& instance, AppId app, std::uint64_t oldest_kept) {
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(build_logs_dir(instance, app), missing)) {
    const std::string name = entry.path().filename().string();
    std::uint64_t number = 0;
    std::from_chars(name.data(), name.data() + name.size(), number);
    std::error_code failed;
    if (number < oldest_kept) fs::remove(entry.path(), failed);
  }
}

}  // namespace

fs::path build_logs_dir(const Instance& instance, AppId app) {
  return instance.state_dir / "build-logs" / std::to_string(static_cast<std::int64_t>(app));
}

fs::path build_log_file(const Instance& instance, AppId app, std::uint64_t number) {
  return build_logs_dir(instance, app) / (std::to_string(number) + ".log");
}

BuildRecord::BuildRecord(const Parts& parts, AppId app, std::string kind, std::string source,
                         Progress& person)
    : parts_(parts), app_(app), person_(person) {
  build_.kind = std::move(kind);
  build_.source = std::move(source);
  build_.started_at = parts_.clock.wall();
  begin();
}

void BuildRecord::begin() {
  const auto number = parts_.store.write([&](WriteTx& tx) { return add_build(tx, app_, build_); });
  if (!number) return log::warn("recording a build: " + number.error().message());
  build_.number = *number;
  std::error_code failed;
  fs::create_directories(build_logs_dir(parts_.instance, app_), failed);
  Result<UniqueFd> file = open_file(build_log_file(parts_.instance, app_, build_.number),
                                    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
  if (!file) return log::warn("recording a build: " + file.error().message());
  file_ = *std::move(file);
}

Result<> BuildRecord::end(Result<> done, std::uint64_t release) {
  if (!done) keep(" !     ", done.error().message());
  write_tail();
  if (build_.number == 0) return done;
  build_.ended_at = parts_.clock.wall();
  build_.release = done ? release : 0;
  build_.status = BuildStatus::succeeded;
  if (!done) {
    const bool cancelled = done.error().code() == Errc::cancelled;
    build_.status = cancelled ? BuildStatus::canceled : BuildStatus::failed;
    build_.error = first_line(done.error().message());
  }
  std::uint64_t oldest = 0;
  only_log("recording a build's end", parts_.store.write([&](WriteTx& tx) -> Result<> {
    TRY(end_build(tx, app_, build_));
    oldest = TRY(forget_builds(tx, app_));
    return {};
  }));
  remove_outputs(parts_.instance, app_, oldest);
  return done;
}

void BuildRecord::step(std::string_view text) {
  keep("-----> ", text);
  person_.step(text);
}
void BuildRecord::title(std::string_view text) {
  keep("=====> ", text);
  person_.title(text);
}
void BuildRecord::detail(std::string_view text) {
  keep("       ", text);
  person_.detail(text);
}
void BuildRecord::warn(std::string_view text) {
  keep(" !     ", text);
  person_.warn(text);
}
void BuildRecord::line(std::string_view text) {
  keep("", text);
  person_.line(text);
}

void BuildRecord::keep(std::string_view marker, std::string_view text) {
  if (!file_.valid()) return;
  std::string line(marker);
  line.append(text).push_back('\n');
  if (head_bytes_ + line.size() <= kBuildHeadMax && tail_.empty()) {
    head_bytes_ += line.size();
    // What does not fit on the disk is missing in the record alone.
    if (!write_all(file_.get(), line)) file_.reset();
    return;
  }
  tail_ += line;
  if (tail_.size() <= 2 * kBuildTailMax) return;
  std::size_t cut = tail_.find('\n', tail_.size() - kBuildTailMax);
  cut = cut == std::string::npos ? tail_.size() : cut + 1;
  left_out_ += cut;
  tail_.erase(0, cut);
}

void BuildRecord::write_tail() {
  if (!file_.valid() || tail_.empty()) return;
  if (left_out_ > 0) {
    tail_.insert(0, "       … " + std::to_string(left_out_) + " bytes are left out …\n");
  }
  only_log("recording a build's output", write_all(file_.get(), tail_));
}

Result<> prune_builds(Store& store, const Instance& instance, AppId app) {
  const std::uint64_t oldest =
      TRY(store.write([&](WriteTx& tx) { return forget_builds(tx, app); }));
  remove_outputs(instance, app, oldest);
  return {};
}

}  // namespace dokku::server
