#include "runtime/oci/seccomp.h"

#include <sched.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <nlohmann/json.hpp>

namespace dokku::runtime::oci {
namespace {

using nlohmann::json;

constexpr const char* kAllowed[] = {
#include "runtime/oci/seccomp_calls.inc"
};

// 32-bit programs of the same family may run too; x32 has no users and a history of bugs.
json architectures() {
#if defined(__x86_64__)
  return {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86"};
#elif defined(__aarch64__)
  return {"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"};
#else
#error "no seccomp architectures known for this processor"
#endif
}

json rule(json names, const char* action, json args = json::array()) {
  json made{{"names", std::move(names)}, {"action", action}};
  if (!args.empty()) made["args"] = std::move(args);
  return made;
}

}  // namespace

std::string seccomp_profile() {
  json rules = json::array();
  json allowed = json::array();
  for (const char* name : kAllowed) allowed.push_back(name);
  rules.push_back(rule(std::move(allowed), "SCMP_ACT_ALLOW"));
  // personality(2): only the Linux ones, with or without 16-bit uids, and asking which it is.
  for (const std::uint64_t persona : {0x0ULL, 0x8ULL, 0x20000ULL, 0x20008ULL, 0xffffffffULL}) {
    rules.push_back(rule({"personality"}, "SCMP_ACT_ALLOW",
                         {{{"index", 0}, {"value", persona}, {"op", "SCMP_CMP_EQ"}}}));
  }
  // clone(2) without new namespaces. clone3 hides its flags in memory: ENOSYS makes libc use clone.
  constexpr std::uint64_t kNamespaces = CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                                        CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWCGROUP;
  rules.push_back(rule(
      {"clone"}, "SCMP_ACT_ALLOW",
      {{{"index", 0}, {"value", kNamespaces}, {"valueTwo", 0}, {"op", "SCMP_CMP_MASKED_EQ"}}}));
  json no_clone3 = rule({"clone3"}, "SCMP_ACT_ERRNO");
  no_clone3["errnoRet"] = ENOSYS;
  rules.push_back(std::move(no_clone3));
  return json{{"defaultAction", "SCMP_ACT_ERRNO"},
              {"architectures", architectures()},
              {"syscalls", std::move(rules)}}
      .dump();
}

}  // namespace dokku::runtime::oci
