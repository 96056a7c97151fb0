// Result<T>: the only way a function here says "this can fail".
//
// Expected failures (a missing app, a refused connection, a bad flag) travel as values.
// Broken invariants abort (CHECK). Nothing in this repository throws on purpose.
#pragma once

#include <string>
#include <string_view>
#include <system_error>
#include <tl/expected.hpp>
#include <utility>

namespace dokku {

enum class Errc {
  not_found,
  already_exists,
  invalid_argument,
  conflict,
  permission_denied,
  unavailable,
  timed_out,
  cancelled,
  limit_exceeded,
  internal,
};

// What went wrong, as a code that callers decide by and a message that people read.
class [[nodiscard]] Error {
 public:
  Error(Errc code, std::string message) : code_(code), message_(std::move(message)) {}

  // `err` is an errno value; `name` says which call, and on what: "open /etc/passwd".
  static Error syscall(std::string_view name, int err) {
    return {Errc::internal, std::string(name) + ": " + std::generic_category().message(err)};
  }

  // Prepends what the caller was doing: "deploying blog: pulling image: connect: refused".
  Error while_(std::string_view doing) && {
    message_.insert(0, std::string(doing) + ": ");
    return std::move(*this);
  }

  Errc code() const { return code_; }
  const std::string& message() const { return message_; }

 private:
  Errc code_;
  std::string message_;
};

// A class and not an alias, so that a dropped Result is a compiler warning.
template <class T = void>
class [[nodiscard]] Result : public tl::expected<T, Error> {
  using tl::expected<T, Error>::expected;
};
using Fail = tl::unexpected<Error>;
inline Fail fail(Errc code, std::string message) { return Fail(Error(code, std::move(message))); }
// Reads errno's value as given: `return fail_syscall("open", errno);`
inline Fail fail_syscall(std::string_view name, int err) { return Fail(Error::syscall(name, err)); }

namespace detail {
template <class T>
T take(Result<T>&& r) {
  return *std::move(r);
}
inline void take(Result<void>&&) {}
}  // namespace detail

// Yields the value, or returns the error to the caller. A statement or an initialiser of its own,
// never an operand: an object already built in the same expression would not be destroyed.
#define TRY(expr)                                          \
  __extension__({                                          \
    auto try_result = (expr);                              \
    if (!try_result) [[unlikely]]                          \
      return ::dokku::Fail(std::move(try_result).error()); \
    ::dokku::detail::take(std::move(try_result));          \
  })

}  // namespace dokku
