#include "proxy/h1/rules.h"

#ifdef DOKKU_BREAKABLE_RULES

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "base/unique_fd.h"

namespace dokku::proxy::h1 {
namespace {

constexpr auto kRules = static_cast<std::size_t>(Rule::kCount);

// One byte per rule, not 0: off. Written by the test while we run, in the folder in which it has
// started our parent.
const volatile std::uint8_t* broken_rules() {
  const std::string file = "/proc/" + std::to_string(::getppid()) + "/cwd/broken-rules";
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  void* const map = ::mmap(nullptr, kRules, PROT_READ, MAP_SHARED, fd.get(), 0);
  return map == MAP_FAILED ? nullptr : static_cast<const std::uint8_t*>(map);
}

// Mapped before main: later the worker may open nothing.
const volatile std::uint8_t* const kBroken = broken_rules();

}  // namespace

bool enforced(Rule rule) {
  return kBroken == nullptr || kBroken[static_cast<std::size_t>(rule)] == 0;
}

}  // namespace dokku::proxy::h1

#endif
