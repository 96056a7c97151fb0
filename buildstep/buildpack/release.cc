#include "buildstep/buildpack/release.h"

#include <sys/mman.h>

#include <charconv>

#include "base/io.h"
#include "buildstep/source/worker_call.h"

namespace dokku::buildstep {
namespace {

bool take_number(std::string_view& text, char end, std::size_t& number) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr == text.data() + text.size() || *read.ptr != end) {
    return false;
  }
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()) + 1);
  return true;
}

}  // namespace

Result<ReleaseInfo> decode_release(std::string_view lines) {
  ReleaseInfo info;
  while (!lines.empty()) {
    const char kind = lines[0];
    std::size_t key_size = 0;
    std::size_t value_size = 0;
    lines.remove_prefix(std::min<std::size_t>(2, lines.size()));
    if (!take_number(lines, ' ', key_size) || !take_number(lines, '\n', value_size) ||
        key_size > lines.size() || value_size > lines.size() - key_size ||
        lines.size() - key_size - value_size < 1) {
      return fail(Errc::internal, "the worker's answer is malformed");
    }
    std::string key(lines.substr(0, key_size));
    std::string value(lines.substr(key_size, value_size));
    lines.remove_prefix(key_size + value_size + 1);
    if (kind == 'p') {
      info.processes[std::move(key)] = std::move(value);
    } else if (kind == 'c') {
      info.config_vars[std::move(key)] = std::move(value);
    } else if (kind == 'a') {
      info.addons.push_back(std::move(key));
    }
  }
  return info;
}

Result<ReleaseInfo> read_release(const std::string& worker_program, std::string_view yaml,
                                 const CancelToken& cancel) {
  const std::size_t first = yaml.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return ReleaseInfo{};
  const std::string_view text = yaml.substr(first);
  if (text == "---" || text == "---\n" || text == "--- {}" || text == "--- {}\n") {
    return ReleaseInfo{};
  }
  const UniqueFd file(::memfd_create("release", MFD_CLOEXEC));
  TRY(write_all(file.get(), yaml));
  if (::lseek(file.get(), 0, SEEK_SET) < 0) return fail_syscall("lseek", errno);
  const WorkerCall call{.program = worker_program,
                        .task = "release-yaml",
                        .input_fd = file.get(),
                        .limit = std::chrono::seconds(20)};
  const std::string lines = TRY(call_worker(call, &cancel));
  return decode_release(lines);
}

}  // namespace dokku::buildstep
