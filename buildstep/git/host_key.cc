#include "buildstep/git/host_key.h"

#include "buildstep/git/libgit2.h"

namespace dokku::buildstep {
namespace {

using Remote = GitHandle<git_remote, git_remote_free>::type;

// Takes the key and goes no further.
int note_key(git_cert* certificate, int, const char*, void* into) {
  if (certificate->cert_type != GIT_CERT_HOSTKEY_LIBSSH2) return GIT_EUSER;
  const auto* key = reinterpret_cast<const git_cert_hostkey*>(certificate);
  const bool raw = (key->type & GIT_CERT_SSH_RAW) != 0;
  if (raw) static_cast<std::string*>(into)->assign(key->hostkey, key->hostkey_len);
  return GIT_EUSER;
}

}  // namespace

Result<std::string> ask_host_key(const std::string& host, std::uint16_t port) {
  const LibraryUse use;
  const std::string name = host + ":" + std::to_string(port);
  git_remote* raw = nullptr;
  const int code = git_remote_create_detached(&raw, ("ssh://git@" + name + "/x").c_str());
  if (code < 0) return git_fail(name, code);
  const Remote remote(raw);
  git_remote_callbacks callbacks = GIT_REMOTE_CALLBACKS_INIT;
  std::string key;
  callbacks.certificate_check = note_key;
  callbacks.payload = &key;
  git_remote_connect(remote.get(), GIT_DIRECTION_FETCH, &callbacks, nullptr, nullptr);
  if (!key.empty()) return key;
  return fail(Errc::unavailable, "No ssh server answers at " + name);
}

}  // namespace dokku::buildstep
