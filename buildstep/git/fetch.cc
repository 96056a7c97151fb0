#include "buildstep/git/fetch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <memory>
#include <system_error>

#include "base/io.h"
#include "buildstep/git/libgit2.h"

namespace dokku::buildstep {
namespace {

using Remote = GitHandle<git_remote, git_remote_free>::type;
using Object = GitHandle<git_object, git_object_free>::type;

std::string hex(const git_oid& id) {
  std::string text(GIT_OID_HEXSZ, '\0');
  git_oid_fmt(text.data(), &id);
  return text;
}

// How to speak to the other side, and what became of it.
class Access {
 public:
  explicit Access(const GitFetch& what) : what_(what) {}

  git_remote_callbacks callbacks() {
    git_remote_callbacks callbacks = GIT_REMOTE_CALLBACKS_INIT;
    callbacks.payload = this;
    callbacks.credentials = [](git_credential** out, const char*, const char* user,
                               unsigned allowed, void* self) {
      return static_cast<Access*>(self)->credential(out, user, allowed);
    };
    callbacks.certificate_check = [](git_cert* certificate, int valid, const char*, void* self) {
      return static_cast<Access*>(self)->check(certificate, valid != 0);
    };
    return callbacks;
  }

  // What libgit2 says of a connection that failed, with what to type.
  Fail failure(int code) const {
    if (unknown_host_) {
      return fail(Errc::permission_denied,
                  what_.url +
                      ": the server does not know this host's key\nIf it is the right "
                      "one: dokku git:allow-host HOST");
    }
    if (refused_) {
      return fail(Errc::permission_denied,
                  what_.url + (what_.private_key.empty()
                                   ? ": it wants a key, and this server has none\nMake one: dokku "
                                     "git:generate-deploy-key"
                                   : ": it does not accept this server's key\nAdd it there: dokku "
                                     "git:public-key"));
    }
    return git_fail(what_.url, code, Errc::unavailable);
  }

 private:
  // Once each: who is asked again was refused.
  int credential(git_credential** out, const char* user, unsigned allowed) {
    const char* name = user != nullptr && *user != '\0' ? user : "git";
    if ((allowed & GIT_CREDENTIAL_USERNAME) != 0) return git_credential_username_new(out, name);
    const bool shows_key = (allowed & GIT_CREDENTIAL_SSH_MEMORY) != 0;
    if (!shows_key) return GIT_PASSTHROUGH;
    if (what_.private_key.empty() || shown_) {
      refused_ = true;
      return GIT_EAUTH;
    }
    shown_ = true;
    return git_credential_ssh_key_memory_new(out, name, nullptr, what_.private_key.c_str(),
                                             nullptr);
  }

  int check(const git_cert* certificate, bool valid) {
    if (valid) return 0;
    unknown_host_ = certificate->cert_type == GIT_CERT_HOSTKEY_LIBSSH2;
    return GIT_ECERTIFICATE;
  }

  const GitFetch& what_;
  bool shown_ = false;
  bool refused_ = false;
  bool unknown_host_ = false;
};

// What the other side has for `ref`, or "" when it names no branch or tag (a commit, perhaps).
Result<std::string> ask_head(const GitFetch& what) {
  git_remote* raw = nullptr;
  if (const int code = git_remote_create_detached(&raw, what.url.c_str()); code < 0) {
    return git_fail(what.url, code, Errc::invalid_argument);
  }
  const Remote remote(raw);
  Access access(what);
  const git_remote_callbacks callbacks = access.callbacks();
  int code = git_remote_connect(remote.get(), GIT_DIRECTION_FETCH, &callbacks, nullptr, nullptr);
  if (code < 0) return access.failure(code);
  const git_remote_head** heads = nullptr;
  std::size_t count = 0;
  code = git_remote_ls(&heads, &count, remote.get());
  if (code < 0) return access.failure(code);
  std::string found;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view name = heads[i]->name;
    if (what.ref.empty() ? name == "HEAD" : name == "refs/heads/" + what.ref) {
      return hex(heads[i]->oid);
    }
    // The peeled line of an annotated tag follows the tag's own.
    if (name == "refs/tags/" + what.ref || name == "refs/tags/" + what.ref + "^{}") {
      found = hex(heads[i]->oid);
    }
  }
  return found;
}

int update_submodule(git_submodule* submodule, const char*, void* what) {
  Access access(*static_cast<const GitFetch*>(what));
  git_submodule_update_options options = GIT_SUBMODULE_UPDATE_OPTIONS_INIT;
  options.fetch_opts.callbacks = access.callbacks();
  return git_submodule_update(submodule, 1, &options);
}

Result<std::string> clone(const GitFetch& what) {
  const std::string target = (what.directory / "tree").string();
  Access access(what);
  git_clone_options options = GIT_CLONE_OPTIONS_INIT;
  options.checkout_opts.checkout_strategy = GIT_CHECKOUT_NONE;
  options.fetch_opts.callbacks = access.callbacks();
  git_repository* raw = nullptr;
  int code = git_clone(&raw, what.url.c_str(), target.c_str(), &options);
  if (code < 0) return access.failure(code);
  const Repository repository(raw);
  git_object* object = nullptr;
  const std::string ref = what.ref.empty() ? "HEAD" : what.ref;
  if (git_revparse_single(&object, repository.get(), ("refs/remotes/origin/" + ref).c_str()) < 0 &&
      git_revparse_single(&object, repository.get(), ("refs/tags/" + ref).c_str()) < 0 &&
      git_revparse_single(&object, repository.get(), ref.c_str()) < 0) {
    return fail(Errc::not_found, what.url + " has no branch, tag or commit '" + what.ref + "'");
  }
  const Object named(object);
  git_object* peeled = nullptr;
  code = git_object_peel(&peeled, named.get(), GIT_OBJECT_COMMIT);
  if (code < 0) return git_fail(what.url, code, Errc::not_found);
  const Object commit(peeled);
  git_checkout_options checkout = GIT_CHECKOUT_OPTIONS_INIT;
  checkout.checkout_strategy = GIT_CHECKOUT_FORCE;
  code = git_checkout_tree(repository.get(), commit.get(), &checkout);
  if (code == 0) {
    code = git_submodule_foreach(repository.get(), update_submodule, const_cast<GitFetch*>(&what));
  }
  if (code < 0) return git_fail(what.url, code, Errc::unavailable);
  return hex(*git_object_id(commit.get()));
}

// libgit2 looks for the hosts that it may trust where ssh does.
Result<> write_known_hosts(const GitFetch& what) {
  const std::filesystem::path folder = what.directory / ".ssh";
  if (::mkdir(folder.c_str(), 0700) < 0) return fail_syscall("mkdir " + folder.string(), errno);
  const UniqueFd file = TRY(open_file(folder / "known_hosts", O_WRONLY | O_CREAT | O_EXCL));
  TRY(write_all(file.get(), what.known_hosts));
  ::setenv("HOME", what.directory.c_str(), 1);
  return {};
}

Result<std::string> fetch(const GitFetch& what) {
  const LibraryUse use;
  // A pack in a folder of somebody else's is what we are asked for; nothing of it is executed.
  git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
  if (!what.known_commit.empty()) {
    // A full commit id never moves: no need to ask.
    if (what.ref == what.known_commit) return what.known_commit;
    const std::string head = TRY(ask_head(what));
    if (head == what.known_commit) return head;
  }
  const std::string commit = TRY(clone(what));
  std::error_code ignored;
  std::filesystem::remove_all(what.directory / "tree" / ".git", ignored);
  return commit;
}

}  // namespace

Result<std::string> fetch_tree(const GitFetch& what) {
  TRY(write_known_hosts(what));
  Result<std::string> commit = fetch(what);
  std::error_code ignored;
  std::filesystem::remove_all(what.directory / ".ssh", ignored);
  return commit;
}

}  // namespace dokku::buildstep
