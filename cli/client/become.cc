#include "cli/client/become.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/process.h"

namespace dokku::cli {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (const std::string& one : strings) out.push_back(const_cast<char*>(one.c_str()));
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> lines_of(const Environment& environment) {
  std::vector<std::string> lines;
  for (const auto& [name, value] : environment) lines.push_back(name + "=" + value);
  return lines;
}

// Without asking for a password, may this user run `program` as root?
bool sudo_allows(const std::string& program, const Environment& environment) {
  ProcessSpec spec;
  spec.program = "sudo";
  spec.arguments = {"sudo", "-n", "-l", "--", program};
  spec.environment = lines_of(environment);
  Result<Process> sudo = Process::start(spec);
  if (!sudo) return false;
  const Result<ExitStatus> ended = sudo->wait();
  return ended && ended->ok();
}

}  // namespace

Result<> become(const wire::Become& program, const Environment& environment) {
  Environment all = environment;
  for (const std::string& line : program.environment) {
    const std::size_t equals = std::min(line.find('='), line.size());
    all.insert_or_assign(line.substr(0, equals),
                         line.substr(std::min(equals + 1, line.size())));
  }
  const std::vector<std::string> lines = lines_of(all);
  ::execve(program.argv[0].c_str(), pointers(program.argv).data(), pointers(lines).data());
  return fail_syscall("exec " + program.argv[0], errno);
}

Result<> become_root(const Invocation& invocation, const Environment& environment) {
  std::error_code error;
  const std::string self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error || !sudo_allows(self, environment)) {
    return fail(Errc::permission_denied, "sudo asks for a password");
  }
  wire::Become sudo;
  for (const char* place : {"/usr/bin/sudo", "/bin/sudo", "/usr/local/bin/sudo"}) {
    sudo.argv = {place, "-n", "--", self, "--socket", invocation.socket};
    sudo.argv.insert(sudo.argv.end(), invocation.argv.begin(), invocation.argv.end());
    // Goes on after a place where there is none.
    [[maybe_unused]] const Result<> failed = become(sudo, environment);
  }
  return fail(Errc::not_found, "no sudo");
}

}  // namespace dokku::cli
