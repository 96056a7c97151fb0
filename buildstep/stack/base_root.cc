#include "buildstep/stack/base_root.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/io.h"
#include "base/process.h"
#include "buildstep/stack/recipe.h"

namespace dokku::buildstep {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kAppUid = 32767;

Result<> run(const std::vector<std::string>& argv, const fs::path& log) {
  const UniqueFd output = TRY(open_file(log, O_CREAT | O_APPEND | O_WRONLY));
  ProcessSpec spec{
      .program = argv[0],
      .arguments = argv,
      .environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "HOME=/root",
                      "DEBIAN_FRONTEND=noninteractive", "SOURCE_DATE_EPOCH=946684800"}};
  spec.stdout_fd = output.get();
  spec.stderr_fd = output.get();
  spec.die_with_parent = true;
  Process process = TRY(Process::start(spec));
  const ExitStatus status = TRY(process.wait());
  if (!status.ok()) {
    return fail(Errc::unavailable,
                argv[0] + " ended with status " + std::to_string(status.shell_status()));
  }
  return {};
}

// What to do about the failures that people meet.
std::string explained(const std::string& log, const std::string& suite) {
  const auto said = [&](const char* text) { return log.find(text) != std::string::npos; };
  if (said("NO_PUBKEY") || said("not signed") || said("is not available for the following")) {
    return "This machine has no archive key for Debian " + suite +
           ".\nUpdate it: apt-get install --only-upgrade debian-archive-keyring";
  }
  if (said("Temporary failure resolving") || said("Could not resolve")) {
    return "The Debian archive has no network name here: is there a network?";
  }
  if (said("Could not connect") || said("Connection timed out")) {
    return "The Debian archive cannot be reached from this machine.";
  }
  if (said("No space left")) return "The disk is full.";
  return log.substr(log.size() - std::min<std::size_t>(log.size(), 1200));
}

Result<> write_file(const fs::path& path, const std::string& text, bool append = false) {
  std::error_code ignored;
  fs::create_directories(path.parent_path(), ignored);
  const UniqueFd file =
      TRY(open_file(path, O_CREAT | O_WRONLY | (append ? O_APPEND : O_TRUNC), 0644));
  return write_all(file.get(), text);
}

// git, ssh, npm and servers want to know their user; packs want a home to write to.
Result<> add_user_and_places(const fs::path& root) {
  TRY(write_file(root / "etc/passwd", "dokku:x:32767:32767::/app:/bin/bash\n", true));
  TRY(write_file(root / "etc/group", "dokku:x:32767:\n", true));
  for (const char* place : {"app", "tmp"}) {
    std::error_code ignored;
    fs::create_directory(root / place, ignored);
  }
  if (::chown((root / "app").c_str(), kAppUid, kAppUid) < 0) return fail_syscall("chown", errno);
  if (::chmod((root / "tmp").c_str(), 01777) < 0) return fail_syscall("chmod", errno);
  // Mount points of the tools that are bound into containers.
  for (const char* tool : {"init", "log", "start", "hosts"}) {
    TRY(write_file(root / ".dokku" / tool, ""));
  }
  TRY(write_file(root / "etc/resolv.conf", ""));
  TRY(write_file(root / "etc/hostname", ""));
  TRY(write_file(root / "etc/hosts", "127.0.0.1 localhost\n::1 localhost\n"));
  TRY(write_file(root / "etc/default/locale", "LANG=C.UTF-8\n"));
  // Nothing is ever started in a container by a package.
  TRY(write_file(root / "usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n"));
  if (::chmod((root / "usr/sbin/policy-rc.d").c_str(), 0755) < 0)
    return fail_syscall("chmod", errno);
  // OpenJDK's and others' installation scripts fail without it.
  std::error_code ignored;
  fs::create_directories(root / "usr/share/man/man1", ignored);
  return {};
}

}  // namespace

Result<> make_base_root(const fs::path& root, const std::string& suite, const fs::path& log) {
  std::string include;
  for (const std::string& package : base_packages())
    include += (include.empty() ? "" : ",") + package;
  std::vector<std::string> argv{"mmdebstrap", "--mode=root", "--variant=minbase",
                                "--format=directory", "--include=" + include};
  for (const char* option :
       {"path-exclude=/usr/share/man/*", "path-exclude=/usr/share/doc/*",
        "path-include=/usr/share/doc/*/copyright", "path-exclude=/usr/share/locale/*",
        "path-include=/usr/share/locale/locale.alias", "path-exclude=/usr/share/info/*",
        "force-unsafe-io"}) {
    argv.push_back("--dpkgopt=" + std::string(option));
  }
  argv.insert(argv.end(),
              {"--aptopt=APT::Install-Recommends \"false\"", "--aptopt=Acquire::Languages \"none\"",
               "--aptopt=Acquire::Retries \"3\"", suite, root.string()});
  const Result<> made = run(argv, log);
  if (!made) {
    return fail(Errc::unavailable, "Cannot make the stack's base (" + made.error().message() +
                                       ")\n" + explained(read_file(log).value_or(""), suite));
  }
  TRY(add_user_and_places(root));
  TRY(write_file(root / "etc/locale.gen", "en_US.UTF-8 UTF-8\n"));
  return run({"chroot", root.string(), "/usr/sbin/locale-gen"}, log);
}

}  // namespace dokku::buildstep
