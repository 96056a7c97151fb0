#include "buildstep/stack/install_layer.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <sstream>

#include "base/io.h"
#include "base/process.h"

namespace dokku::buildstep {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAptSettings = "/etc/apt/apt.conf.d/99dokku-install";
constexpr const char* kBundle = "/etc/ssl/certs/ca-certificates.crt";

Result<> mount_at(const std::string& from, const fs::path& to, const char* type,
                  unsigned long flags, const std::string& options) {
  if (::mount(from.c_str(), to.c_str(), type, flags, options.empty() ? nullptr : options.c_str()) <
      0) {
    return fail_syscall("mount " + to.string(), errno);
  }
  return {};
}

Result<> bind_if_there(const fs::path& from, const fs::path& to) {
  std::error_code ignored;
  if (!fs::exists(from, ignored) || !fs::exists(to, ignored)) return {};
  return mount_at(from.string(), to, nullptr, MS_BIND, "");
}

// Everything goes to HOME/log, whose last lines explain a failure.
Result<> run(const fs::path& home, std::vector<std::string> argv) {
  const UniqueFd log = TRY(open_file(home / "log", O_CREAT | O_APPEND | O_WRONLY));
  ProcessSpec spec{.program = argv[0],
                   .arguments = argv,
                   .environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8",
                                   "DEBIAN_FRONTEND=noninteractive", "HOME=/root"}};
  spec.stdout_fd = log.get();
  spec.stderr_fd = log.get();
  spec.die_with_parent = true;
  Process process = TRY(Process::start(spec));
  const ExitStatus status = TRY(process.wait());
  if (status.ok()) return {};
  const std::string text = read_file(home / "log").value_or("");
  return fail(
      Errc::unavailable,
      "apt-get failed:\n" + text.substr(text.size() - std::min<std::size_t>(text.size(), 1500)));
}

// The host's ways to the archive (proxies, time-outs), so that what works there works here.
Result<std::string> host_apt_settings() {
  Pipe output = TRY(make_pipe());
  ProcessSpec spec{.program = "apt-config",
                   .arguments = {"apt-config", "dump"},
                   .environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}};
  spec.stdout_fd = output.write.get();
  Process process = TRY(Process::start(spec));
  output.write.reset();
  const std::string all = TRY(read_all(output.read.get(), 4 << 20));
  TRY(process.wait());
  std::istringstream in(all);
  std::string kept =
      "APT::Install-Recommends \"false\";\nAcquire::Languages \"none\";\n"
      "Acquire::Retries \"3\";\nDPkg::Options:: \"--force-unsafe-io\";\n";
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("Acquire::http") || line.starts_with("Acquire::ForceIPv")) {
      kept += line + "\n";
    }
  }
  return kept;
}

Result<> prepare(const std::string& lower, const fs::path& home) {
  const fs::path root = home / "merged";
  for (const char* name : {"upper", "work", "merged", "lists/partial", "archives/partial"}) {
    std::error_code ignored;
    fs::create_directories(home / name, ignored);
  }
  if (::unshare(CLONE_NEWNS) < 0) return fail_syscall("unshare", errno);
  TRY(mount_at("none", "/", nullptr, MS_REC | MS_PRIVATE, ""));
  TRY(mount_at("overlay", root, "overlay", 0,
               "lowerdir=" + lower + ",upperdir=" + (home / "upper").string() + ",workdir=" +
                   (home / "work").string() + ",redirect_dir=off,metacopy=off,index=off"));
  // apt's own litter lies outside of the layer, and is there for the next one.
  TRY(bind_if_there(home / "lists", root / "var/lib/apt/lists"));
  TRY(bind_if_there(home / "archives", root / "var/cache/apt/archives"));
  TRY(bind_if_there("/etc/resolv.conf", root / "etc/resolv.conf"));
  return bind_if_there(kBundle, root / ("." + std::string(kBundle)));
}

std::vector<std::string> in_root(const fs::path& root, std::vector<std::string> command) {
  std::vector<std::string> argv{
      "unshare", "--pid",      "--fork", "--kill-child", "--mount-proc=" + (root / "proc").string(),
      "chroot",  root.string()};
  argv.insert(argv.end(), command.begin(), command.end());
  return argv;
}

}  // namespace

Result<std::string> install_layer_task(const std::vector<std::string>& arguments) {
  if (arguments.size() < 3) return fail(Errc::internal, "install-layer: wrong arguments");
  const fs::path home = arguments[1];
  const fs::path root = home / "merged";
  ::umask(022);
  TRY(prepare(arguments[0], home));
  const fs::path settings = root / ("." + std::string(kAptSettings));
  const std::string text = TRY(host_apt_settings());
  {
    const UniqueFd file = TRY(open_file(settings, O_CREAT | O_TRUNC | O_WRONLY, 0644));
    TRY(write_all(file.get(), text));
  }
  TRY(run(home, in_root(root, {"apt-get", "-qq", "update"})));
  std::vector<std::string> install{"apt-get", "-qq", "-y", "install"};
  install.insert(install.end(), arguments.begin() + 2, arguments.end());
  TRY(run(home, in_root(root, install)));
  std::error_code ignored;
  fs::remove(settings, ignored);
  return std::string();
}

}  // namespace dokku::buildstep
