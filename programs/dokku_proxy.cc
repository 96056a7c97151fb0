// dokku-proxy: the reverse proxy in front of all apps.
//
//   dokku-proxy --http-port PORT --control SOCKET [--snapshot FILE] [--listen ADDRESS]…
//               [--https-port PORT] [--default-certificate FILE --default-key FILE]
//               [--workers N] [--user NAME] [--files N] [--pid-file FILE]
//               [--log-dir FOLDER | --access-log FILE]
//               [--patience SECONDS]
//
//   dokku-proxy --http-port PORT --hosts FILE …: by itself, see packaging/proxy-alone
//
// Stays in the foreground and logs to standard error. SIGTERM: finish what is under way, at most
// 30 s; SIGINT: end at once; SIGHUP: open the logs anew; SIGUSR2: the program on disk takes over,
// the old one finishes what is under way, within its patience. Started as root with --user, it
// binds, then becomes that user.
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "proxy/process/parent.h"
#include "proxy/process/worker.h"

namespace {

using dokku::Errc;
using dokku::Result;
using dokku::proxy::process::ParentOptions;

constexpr int kChannelFd = 3;
constexpr unsigned kWorkersMax = 64;
constexpr unsigned kPatienceMax = 7 * 24 * 3600;
constexpr unsigned kFilesMax = 1U << 20;

Result<unsigned> number(std::string_view flag, std::string_view text, unsigned max) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0 || value > max) {
    return dokku::fail(Errc::invalid_argument,
                       std::string(flag) + ": not a number from 1 to " + std::to_string(max));
  }
  return value;
}

Result<> apply(ParentOptions& options, std::string_view flag, const std::string& value) {
  if (flag == "--http-port") {
    const unsigned port = TRY(number(flag, value, 65535));
    options.http_port = static_cast<std::uint16_t>(port);
  } else if (flag == "--https-port") {
    const unsigned port = TRY(number(flag, value, 65535));
    options.https_port = static_cast<std::uint16_t>(port);
  } else if (flag == "--default-certificate") {
    options.default_certificate = value;
  } else if (flag == "--default-key") {
    options.default_key = value;
  } else if (flag == "--workers") {
    options.workers = TRY(number(flag, value, kWorkersMax));
  } else if (flag == "--files") {
    options.files = TRY(number(flag, value, kFilesMax));
  } else if (flag == "--control") {
    options.control = value;
  } else if (flag == "--snapshot") {
    options.snapshot = value;
  } else if (flag == "--hosts") {
    options.hosts = value;
  } else if (flag == "--listen") {
    options.addresses.push_back(value);
  } else if (flag == "--log-dir") {
    options.log_dir = value;
  } else if (flag == "--access-log") {
    options.access_log = value;
  } else if (flag == "--pid-file") {
    options.pid_file = value;
  } else if (flag == "--patience") {
    const unsigned seconds = TRY(number(flag, value, kPatienceMax));
    options.patience = std::chrono::seconds(seconds);
  } else if (flag == dokku::proxy::process::kTakeOverFlag) {
    options.take_over = true;
  } else if (flag == "--user") {
    options.user = value;
  } else {
    return dokku::fail(Errc::invalid_argument, "unknown flag " + std::string(flag));
  }
  return {};
}

Result<ParentOptions> parse(const std::vector<std::string>& arguments) {
  ParentOptions options;
  const std::vector<std::string> everywhere = std::exchange(options.addresses, {});
  options.workers = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 4);
  for (std::size_t i = 0; i < arguments.size(); i += 2) {
    if (i + 1 == arguments.size()) {
      return dokku::fail(Errc::invalid_argument, arguments[i] + ": a value is missing");
    }
    TRY(apply(options, arguments[i], arguments[i + 1]));
    if (arguments[i] == dokku::proxy::process::kTakeOverFlag) continue;
    options.invocation.arguments.insert(options.invocation.arguments.end(),
                                        {arguments[i], arguments[i + 1]});
  }
  if (options.addresses.empty()) options.addresses = everywhere;
  if (options.default_certificate.empty() != options.default_key.empty()) {
    return dokku::fail(Errc::invalid_argument, "--default-certificate goes with --default-key");
  }
  if (options.control.empty() && options.hosts.empty()) {
    return dokku::fail(Errc::invalid_argument, "--control is missing (or --hosts)");
  }
  return options;
}

// Where this program was started from; what stands there later is the upgrade. Its link is not
// followed: it may lead to another version then.
std::string program_path(const char* name) {
  std::error_code error;
  if (std::string_view(name).find('/') != std::string_view::npos) {
    return std::filesystem::absolute(name, error).lexically_normal();
  }
  return std::filesystem::read_symlink("/proc/self/exe", error);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  // Large buffers go back to the kernel as soon as they are freed.
  ::mallopt(M_MMAP_THRESHOLD, 128 * 1024);
  ::mallopt(M_TRIM_THRESHOLD, 128 * 1024);
  if (arguments.size() == 2 && arguments[0] == "--worker") {
    const unsigned workers = number("--worker", arguments[1], kWorkersMax).value_or(1);
    // At once: what a program does at its end (a leak checker, say) its sandbox does not allow.
    ::_exit(dokku::proxy::process::run_worker(dokku::UniqueFd(kChannelFd), workers));
  }
  Result<ParentOptions> options = parse(arguments);
  if (!options) {
    std::fprintf(stderr, "dokku-proxy: %s\n", options.error().message().c_str());
    return 2;
  }
  options->invocation.program = program_path(argv[0]);
  const Result<> ran = dokku::proxy::process::run_parent(*options);
  if (!ran) {
    dokku::log::error(ran.error().message());
    return 1;
  }
  return 0;
}
