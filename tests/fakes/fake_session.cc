#include "tests/fakes/fake_session.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "base/io.h"

namespace dokku::cli {
namespace {

CancelToken new_token() {
  Result<CancelToken> token = CancelToken::create();
  CHECK(token.has_value());
  return *std::move(token);
}

}  // namespace

FakeSession::FakeSession() : cancel_(new_token()) { caller_.kind = Caller::Kind::admin; }

Result<std::string> FakeSession::read_stdin(std::size_t bytes_max) {
  if (stdin_.size() > bytes_max) return fail(Errc::limit_exceeded, "too much input");
  return stdin_;
}

Result<std::string> FakeSession::ask(std::string_view prompt) {
  err_ += prompt;
  if (asked_ == answers.size()) return fail(Errc::cancelled, "end of file");
  return answers[asked_++];
}

Result<UniqueFd> FakeSession::open_callers_file(const std::string& path) {
  const auto found = files.find(path);
  if (found == files.end()) return fail(Errc::invalid_argument, path + ": No such file");
  UniqueFd file(::memfd_create("caller's file", MFD_CLOEXEC));
  TRY(write_all(file.get(), found->second));
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return fail_syscall("lseek", errno);
  return file;
}

Result<UniqueFd> FakeSession::create_callers_file(const std::string& path) {
  // A folder with room for short names, and nothing else.
  constexpr std::size_t kNameMax = 16;
  const bool short_name =
      path.size() < kNameMax && path.find_first_not_of("abcdefghijklmnopqrstuvwxyz") == path.npos;
  if (!short_name) return fail(Errc::invalid_argument, path + ": No such file or directory");
  if (created.contains(path)) return fail(Errc::invalid_argument, path + ": File exists");
  UniqueFd file(::memfd_create("made for the caller", MFD_CLOEXEC));
  UniqueFd copy(::dup(file.get()));
  if (!copy.valid()) return fail_syscall("dup", errno);
  created.emplace(path, std::move(file));
  return copy;
}

Result<> FakeSession::attach(Attachment attachment) {
  attached = std::move(attachment);
  return {};
}

Finish FakeSession::finish_later() {
  finishes_later = true;
  return [status = later_status, words = last_words](int value, std::string_view said) {
    *words = said;
    *status = value;
  };
}

Result<> FakeSession::become(Program program) {
  became = std::move(program);
  return {};
}

}  // namespace dokku::cli
