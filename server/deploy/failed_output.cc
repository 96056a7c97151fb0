#include "server/deploy/failed_output.h"

#include <unistd.h>

#include <system_error>

#include "base/atomic_file.h"
#include "base/io.h"
#include "base/log.h"

namespace dokku::server {
namespace {

std::filesystem::path file_of(const Instance& instance, const App& app) {
  return instance.logs_dir() / app.name.str() / "failed-deploy";
}

}  // namespace

void keep_failed_output(const Instance& instance, const App& app, const FailedOutput& output) {
  std::string text;
  for (const std::string& line : output.lines) {
    text += "app[" + output.process + "]: " + line + "\n";
  }
  const std::filesystem::path file = file_of(instance, app);
  std::error_code failed;
  std::filesystem::create_directories(file.parent_path(), failed);
  const Result<> written = write_file_atomically(file, text);
  if (!written) log::warn("keeping a failed deploy's output: " + written.error().message());
}

void forget_failed_output(const Instance& instance, const App& app) {
  ::unlink(file_of(instance, app).c_str());
}

std::optional<std::string> failed_output(const Instance& instance, const App& app) {
  Result<std::string> text = read_file(file_of(instance, app));
  if (!text) return std::nullopt;
  return *std::move(text);
}

}  // namespace dokku::server
