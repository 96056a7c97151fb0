#include "server/deploy/access_logs.h"

#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/log.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kAccess = "-access.log";
constexpr std::string_view kError = "-error.log";

// "blog" of "blog-access.log" and "blog-error.log.2"; nothing: it is none of these files.
std::optional<std::string> app_of(const std::string& name) {
  for (const std::string_view end : {kAccess, kError}) {
    const std::size_t at = name.rfind(end);
    if (at == name.npos || at == 0) continue;
    const std::string_view number = std::string_view(name).substr(at + end.size());
    const bool old = number.size() > 1 && number.front() == '.' &&
                     number.find_first_not_of("0123456789", 1) == number.npos;
    if (number.empty() || old) return name.substr(0, at);
  }
  return std::nullopt;
}

template <class F>
void each_log(const Instance& instance, F&& f) {
  std::error_code failed;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(instance.proxy_logs_dir, failed)) {
    files.push_back(entry.path());
  }
  for (const fs::path& file : files) {
    if (const auto app = app_of(file.filename().string())) f(file, *app);
  }
}

void remove_file(const fs::path& file) {
  std::error_code failed;
  fs::remove(file, failed);
  if (failed) log::warn("removing " + file.string() + ": " + failed.message());
}

}  // namespace

fs::path access_log_file(const Instance& instance, const std::string& app, AccessLogKind kind) {
  const bool access = kind == AccessLogKind::access;
  return instance.proxy_logs_dir / (app + std::string(access ? kAccess : kError));
}

void remove_access_logs(const Instance& instance, const std::string& app) {
  each_log(instance, [&](const fs::path& file, const std::string& of) {
    if (of == app) remove_file(file);
  });
}

void move_access_logs(const Instance& instance, const std::string& from, const std::string& to) {
  each_log(instance, [&](const fs::path& file, const std::string& of) {
    if (of != from) return;
    const std::string rest = file.filename().string().substr(from.size());
    const fs::path target = file.parent_path() / (to + rest);
    std::error_code failed;
    // The new name may have lines of its own already; what cannot be put before them goes.
    if (fs::exists(target, failed)) return remove_file(file);
    fs::rename(file, target, failed);
    if (failed) log::warn("moving " + file.string() + ": " + failed.message());
  });
}

std::set<std::string> apps_with_access_logs(const Instance& instance) {
  std::set<std::string> apps;
  each_log(instance, [&](const fs::path&, const std::string& app) { apps.insert(app); });
  return apps;
}

}  // namespace dokku::server
