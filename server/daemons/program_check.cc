#include "server/daemons/program_check.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <map>
#include <system_error>

#include "base/io.h"
#include "base/process.h"
#include "server/daemons/plan.h"
#include "server/daemons/port_ask.h"
#include "server/daemons/program_ask.h"

namespace dokku::server {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr const char* kPrograms[] = {"dokkud",       "dokku",          "dokku-proxy",
                                     "dokku-worker", "dokku-receive",  "dokku-init",
                                     "dokku-log",    "dokku-supervise"};
constexpr Duration kServesWithin = 10s;
constexpr int kLookAgainMs = 50;
constexpr std::size_t kHeadBytes = 4096;  // of an ELF file: they name its loader

// As ldd(1): the loader lists the libraries and does not start the program. A program without a
// loader would be started by this.
Result<> libraries_are_found(const fs::path& program) {
  const UniqueFd opened = TRY(open_file(program, O_RDONLY));
  std::string head(kHeadBytes, '\0');
  const std::size_t size = TRY(read_some(opened.get(), head.data(), head.size()));
  head.resize(size);
  if (head.find("/ld-linux") == std::string::npos) return {};
  const Result<std::string> listed =
      ask_program({.program = program, .environment = {"LD_TRACE_LOADED_OBJECTS=1"}});
  if (!listed) return Fail(listed.error());
  const std::size_t missing = listed->find(" => not found");
  if (missing == std::string::npos) return {};
  const std::size_t begin = listed->find_last_of("\t\n", missing) + 1;
  return fail(Errc::unavailable, program.filename().string() + " needs " +
                                     listed->substr(begin, missing - begin) +
                                     ", which is not installed");
}

// Nobody has it now, and nobody is likely to take it in the next moment.
Result<std::uint16_t> free_port() {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket.get(), any, size) < 0 || ::getsockname(socket.get(), any, &size) < 0) {
    return fail_syscall("bind", errno);
  }
  return ntohs(address.sin_port);
}

Result<Process> start_proxy(const fs::path& programs, const fs::path& folder, std::uint16_t port,
                            const UniqueFd& log) {
  ProcessSpec spec;
  spec.program = (programs / "dokku-proxy").string();
  spec.arguments = {spec.program,
                    "--http-port",
                    std::to_string(port),
                    "--listen",
                    "127.0.0.1",
                    "--control",
                    (folder / "control.sock").string(),
                    "--workers",
                    "1",
                    "--user",
                    kProxyUser};
  spec.stdout_fd = log.get();
  spec.stderr_fd = log.get();
  spec.die_with_parent = true;
  return Process::start(spec);
}

Result<> watch_proxy(Process& proxy, std::uint16_t port, const fs::path& log, Duration trial) {
  const auto now = [] { return std::chrono::steady_clock::now(); };
  const TimePoint begun = now();
  bool served = false;
  while (!served || now() - begun < trial) {
    const Result<ExitStatus> status = proxy.wait_for(std::chrono::milliseconds(kLookAgainMs));
    if (status) {
      const std::string words = last_line(read_file(log).value_or(""));
      return fail(Errc::unavailable, "dokku-proxy ended when it was tried beside the running one" +
                                         (words.empty() ? "" : ": " + words));
    }
    const bool serves = port_serves_http(port);
    if (served && !serves) {
      return fail(Errc::unavailable,
                  "dokku-proxy was tried beside the running one, and answers "
                  "no longer");
    }
    served = served || serves;
    if (!served && now() - begun > kServesWithin) {
      return fail(Errc::timed_out,
                  "dokku-proxy was tried beside the running one, and answers nothing");
    }
  }
  return {};
}

}  // namespace

Result<VersionFacts> VersionFacts::parse(std::string_view text) {
  std::map<std::string, std::string, std::less<>> found;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const std::size_t blank = std::min(line.find(' '), line.size());
    found.emplace(line.substr(0, blank), line.substr(std::min(blank + 1, line.size())));
  }
  VersionFacts facts;
  facts.number = found["version"];
  const std::string& schema = found["schema"];
  const char* const end = schema.data() + schema.size();
  const auto [behind, error] = std::from_chars(schema.data(), end, facts.schema);
  if (facts.number.empty() || error != std::errc() || behind != end) {
    return fail(Errc::invalid_argument, "dokkud does not say its version and schema");
  }
  return facts;
}

Result<VersionFacts> facts_of(const fs::path& programs) {
  const std::string said = TRY(
      ask_program({.program = programs / "dokkud", .arguments = {"--facts"}, .environment = {}}));
  return VersionFacts::parse(said);
}

Result<> check_programs(const fs::path& programs) {
  for (const char* name : kPrograms) {
    if (::access((programs / name).c_str(), X_OK) < 0) {
      return fail(Errc::invalid_argument, (programs / name).string() + " cannot be executed: " +
                                              std::generic_category().message(errno));
    }
    TRY(libraries_are_found(programs / name));
  }
  return {};
}

Result<> try_proxy_beside(const fs::path& programs, const fs::path& folder, Duration trial) {
  std::error_code error;
  fs::remove_all(folder, error);
  fs::create_directories(folder, error);
  if (error) return fail(Errc::internal, folder.string() + ": " + error.message());
  const fs::path log_file = folder / "log";
  const UniqueFd log = TRY(open_file(log_file, O_WRONLY | O_CREAT | O_APPEND));
  const std::uint16_t port = TRY(free_port());
  Result<> went;
  {
    Process proxy = TRY(start_proxy(programs, folder, port, log));
    went = watch_proxy(proxy, port, log_file, trial);
  }
  fs::remove_all(folder, error);
  return went;
}

}  // namespace dokku::server
