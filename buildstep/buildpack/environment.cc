#include "buildstep/buildpack/environment.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/io.h"

namespace dokku::buildstep {
namespace {

// The union of what the node and php packs refuse, plus the shell's own.
constexpr std::array<std::string_view, 24> kHidden{
    "PATH",      "HOME",    "PWD",       "OLDPWD", "IFS",          "LANG",       "USER",
    "SHELL",     "GIT_DIR", "CPATH",     "CPPATH", "LIBRARY_PATH", "LD_PRELOAD", "LD_LIBRARY_PATH",
    "BASH_ENV",  "ENV",     "SHELLOPTS", "STACK",  "REQUEST_ID",   "DYNO",       "BUILD_DIR",
    "CACHE_DIR", "ENV_DIR", "BASHOPTS"};

// execve takes no single string over 128 KiB; longer values are files in ENV only.
constexpr std::size_t kVariableBytesMax = 120 << 10;
constexpr const char* kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

bool is_variable_name(std::string_view name) {
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '_';
         });
}

}  // namespace

bool hidden_from_scripts(std::string_view name) {
  return !is_variable_name(name) || name.starts_with("GIT_") || name.starts_with("BASH_FUNC") ||
         std::find(kHidden.begin(), kHidden.end(), name) != kHidden.end();
}

std::vector<std::string> script_environment(const BuildRequest& request, const Variables& config,
                                            const Places& places) {
  Variables all;
  if (!places.ca_bundle.empty()) {
    // curl and git read the bundle in its place. Node, certifi and pip bring lists of their own,
    // and OpenSSL reads single certificates, those of the image.
    for (const char* name :
         {"NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "PIP_CERT", "SSL_CERT_FILE"}) {
      all[name] = places.ca_bundle;
    }
  }
  for (const auto& [name, value] : config) {
    if (!hidden_from_scripts(name) && value.size() <= kVariableBytesMax) all[name] = value;
  }
  all.try_emplace("CURL_CONNECT_TIMEOUT", "90");
  all.try_emplace("CURL_TIMEOUT", "600");
  for (const auto& [name, value] : request.platform_env) all[name] = value;
  all["PATH"] = kPath;
  all["HOME"] = places.home;
  all["APP_DIR"] = places.home;
  all["STACK"] = "heroku-24";
  all["REQUEST_ID"] = request.build_id;
  all["SOURCE_VERSION"] = request.revision;
  all["DYNO"] = "build.1";
  all["LANG"] = "C.UTF-8";
  all["USER"] = "dokku";
  all["SHELL"] = "/bin/bash";
  std::vector<std::string> out;
  out.reserve(all.size());
  for (const auto& [name, value] : all) out.push_back(name + "=" + value);
  return out;
}

Result<> write_env_files(const std::filesystem::path& directory, const Variables& config,
                         unsigned owner) {
  for (const auto& [name, value] : config) {
    if (!is_variable_name(name)) continue;
    UniqueFd file = TRY(open_file(directory / name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW));
    TRY(write_all(file.get(), value));
    if (::fchown(file.get(), owner, owner) < 0) return fail_syscall("chown " + name, errno);
  }
  return {};
}

}  // namespace dokku::buildstep
