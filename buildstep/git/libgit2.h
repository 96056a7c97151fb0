// What all users of libgit2 here need: its handles, its counted start, its last error.
//
// For the .cc files of this folder only; nobody else sees libgit2.
#pragma once

#include <git2.h>

#include <memory>
#include <string>

#include "base/result.h"

namespace dokku::buildstep {

template <class T, void (*release)(T*)>
struct GitHandle {
  struct Release {
    void operator()(T* handle) const { release(handle); }
  };
  using type = std::unique_ptr<T, Release>;
};
using Repository = GitHandle<git_repository, git_repository_free>::type;

// libgit2 counts its users; each call here is one.
struct LibraryUse {
  LibraryUse() { git_libgit2_init(); }
  LibraryUse(const LibraryUse&) = delete;
  LibraryUse& operator=(const LibraryUse&) = delete;
  ~LibraryUse() { git_libgit2_shutdown(); }
};

// With libgit2's own words.
inline Fail git_fail(const std::string& doing, int code, Errc kind) {
  const git_error* last = git_error_last();
  const std::string why = last != nullptr ? last->message : "error " + std::to_string(code);
  return fail(kind, doing + ": " + why);
}
// not_found: `code` says that a thing is missing; internal: all else.
inline Fail git_fail(const std::string& doing, int code) {
  return git_fail(doing, code, code == GIT_ENOTFOUND ? Errc::not_found : Errc::internal);
}

}  // namespace dokku::buildstep
