// The node pack's version ranges (buildstep/packs/node/lib/semver.py).
#include <gtest/gtest.h>

#include "base/io.h"
#include "base/process.h"
#include "tests/paths/paths.h"

namespace dokku::buildstep {
namespace {

std::string newest(const std::string& range) {
  Result<Pipe> in = make_pipe();
  Result<Pipe> out = make_pipe();
  ProcessSpec spec{
      .program = "/usr/bin/python3",
      .arguments = {"python3",
                    (tests::source_dir() / "buildstep/packs/node/lib/semver.py").string(), range},
      .environment = {}};
  spec.stdin_fd = in->read.get();
  spec.stdout_fd = out->write.get();
  Result<Process> process = Process::start(spec);
  out->write.reset();
  EXPECT_TRUE(write_all(in->write.get(),
                        "0.10.48\n4.9.1\nv16.20.2\nv18.0.0\nv18.20.8\nv20.1.0\nv20.19.5\n"
                        "v21.7.3\nv22.1.0\nv22.23.3\n23.0.0-rc.1\nv25.9.0\nnonsense\n")
                  .has_value());
  in->write.reset();
  std::string text = *read_all(out->read.get(), 1000);
  EXPECT_EQ(process->wait()->ok(), !text.empty());
  if (!text.empty()) text.pop_back();
  return text;
}

TEST(NodeVersions, FollowNpmsRanges) {
  const std::vector<std::pair<const char*, const char*>> rows = {{"20.1.0", "20.1.0"},
                                                                 {"v22", "22.23.3"},
                                                                 {"22.x", "22.23.3"},
                                                                 {"^18.0.0", "18.20.8"},
                                                                 {"~22.1", "22.1.0"},
                                                                 {">=18 <21", "20.19.5"},
                                                                 {">= 18 < 21", "20.19.5"},
                                                                 {"16 || 18", "18.20.8"},
                                                                 {"18.0 - 20.1", "20.1.0"},
                                                                 {"^0.10.1", "0.10.48"},
                                                                 {"*", "25.9.0"},
                                                                 {"", "25.9.0"},
                                                                 {"latest", "25.9.0"},
                                                                 {"<=20", "20.19.5"},
                                                                 {"<20", "18.20.8"},
                                                                 {">22", "25.9.0"},
                                                                 {"23.0.0-rc.1", "23.0.0-rc.1"},
                                                                 {"23", ""},
                                                                 {"99", ""},
                                                                 {"rubbish", ""}};
  for (const auto& [range, expected] : rows) EXPECT_EQ(newest(range), expected) << range;
}

}  // namespace
}  // namespace dokku::buildstep
