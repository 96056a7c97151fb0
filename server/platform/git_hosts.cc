#include "server/platform/git_hosts.h"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <system_error>

#include "base/process.h"
#include "server/model/app_name.h"
#include "server/model/base64.h"
#include "server/model/ssh_key.h"
#include "server/platform/beneath.h"

namespace dokku::server {
namespace {

constexpr const char* kFolder = ".ssh";
constexpr const char* kKnownHosts = "known_hosts";
constexpr const char* kKey = "id_ed25519";
constexpr std::size_t kHostMax = 253;

bool is_host_name(std::string_view name) {
  return !name.empty() && name.size() <= kHostMax && name.front() != '-' && name.front() != '.' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '-';
         });
}

// "ssh-ed25519 AAAA…" of the bytes on the wire, which begin with the type's own name.
Result<PublicKey> read_key(const std::string& wire) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(wire[at]); };
  const std::size_t length = wire.size() < 4 ? 0 : std::size_t{byte(2)} << 8 | byte(3);
  if (wire.size() < 4 + length) return fail(Errc::unavailable, "The host shows no key");
  return PublicKey::parse(wire.substr(4, length) + " " + base64_encode(wire));
}

}  // namespace

Result<GitHost> GitHost::parse(const std::string& text) {
  GitHost host{text};
  std::string port;
  if (const std::size_t colon = text.rfind(':'); colon != text.npos) {
    host.name = text.substr(0, colon);
    port = text.substr(colon + 1);
    const char* end = port.data() + port.size();
    const auto [stopped, error] = std::from_chars(port.data(), end, host.port);
    if (error != std::errc() || stopped != end || host.port == 0) host.name.clear();
  }
  if (host.name.starts_with('[') && host.name.ends_with(']')) {
    host.name = host.name.substr(1, host.name.size() - 2);
  }
  if (is_host_name(host.name)) return host;
  return fail(Errc::invalid_argument, "Invalid host specified: " + printable(text));
}

std::string GitHost::known_as() const {
  return port == 22 ? name : "[" + name + "]:" + std::to_string(port);
}

Result<GitHosts::Allowed> GitHosts::allow(const GitHost& host) {
  const std::string wire = TRY(strangers_.host_key(host.name, host.port));
  const PublicKey key = TRY(read_key(wire));
  const std::lock_guard hold(mutex_);
  const Result<std::string> before =
      read_beneath(instance_.home_dir, std::string(kFolder) + "/" + kKnownHosts);
  std::string text = before.value_or("");
  if (!text.empty() && text.back() != '\n') text += '\n';
  Allowed allowed{key.type(), key.fingerprint().str(), false};
  std::istringstream lines(text);
  for (std::string name, type, blob, rest; lines >> name >> type >> blob;) {
    std::getline(lines, rest);
    if (name != host.known_as() || type != key.type()) continue;
    allowed.already = blob == key.blob();
    if (allowed.already) return allowed;
    return fail(Errc::conflict, host.known_as() + " shows another " + type +
                                    " key than before: " + allowed.fingerprint +
                                    "\nIf that is right, remove its line "
                                    "from " +
                                    (ssh_dir() / kKnownHosts).string() + " first");
  }
  text += host.known_as() + " " + key.line() + "\n";
  TRY(replace_beneath({instance_.home_dir, kFolder, kKnownHosts, 0644}, text));
  return allowed;
}

Result<> GitHosts::generate_key() {
  const std::lock_guard hold(mutex_);
  const std::filesystem::path file = ssh_dir() / kKey;
  std::error_code failed;
  if (std::filesystem::exists(file, failed)) {
    return fail(Errc::already_exists,
                "A deploy key exists already\nShow its public half: dokku git:public-key");
  }
  std::filesystem::create_directories(ssh_dir(), failed);
  if (failed) return fail(Errc::internal, ssh_dir().string() + ": " + failed.message());
  ProcessSpec keygen{.program = "ssh-keygen",
                     .arguments = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C",
                                   "dokku@" + instance_.name, "-f", file.string()},
                     .environment = {"PATH=/usr/bin:/bin", "HOME=/nonexistent"}};
  keygen.die_with_parent = true;
  Process process = TRY(Process::start(keygen));
  const ExitStatus status = TRY(process.wait());
  if (status.ok()) return {};
  return fail(Errc::internal,
              "ssh-keygen ended with status " + std::to_string(status.shell_status()));
}

Result<std::string> GitHosts::public_key() {
  const Result<std::string> text =
      read_beneath(instance_.home_dir, std::string(kFolder) + "/" + kKey + ".pub");
  if (text) return text->substr(0, text->find('\n'));
  return fail(Errc::conflict, "There is no deploy key associated with the " + instance_.user +
                                  " user.\nMake one: dokku git:generate-deploy-key");
}

}  // namespace dokku::server
