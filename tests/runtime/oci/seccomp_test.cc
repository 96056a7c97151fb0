#include "runtime/oci/seccomp.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace dokku::runtime::oci {
namespace {

using nlohmann::json;

TEST(SeccompProfile, RefusesWhatLeadsOutOfAContainer) {
  const json profile = json::parse(seccomp_profile());
  const json& allowed = profile["syscalls"][0]["names"];
  EXPECT_GT(allowed.size(), 300U);
  for (const char* call :
       {"mount", "umount2", "setns", "unshare", "bpf", "init_module", "kexec_load", "keyctl",
        "add_key", "perf_event_open", "io_uring_setup", "open_by_handle_at", "pivot_root", "reboot",
        "swapon", "userfaultfd", "clone", "clone3"}) {
    EXPECT_EQ(std::count(allowed.begin(), allowed.end(), call), 0) << call;
  }
}

}  // namespace
}  // namespace dokku::runtime::oci
