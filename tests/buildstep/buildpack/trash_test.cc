#include "buildstep/buildpack/trash.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

namespace dokku::buildstep {
namespace {

namespace fs = std::filesystem;

TEST(Trash, WhatIsTakenIsGoneAtOnceAndRemovedInTheEnd) {
  std::string name = (fs::temp_directory_path() / "dokku-trash-XXXXXX").string();
  const fs::path root = ::mkdtemp(name.data());
  fs::create_directories(root / "trash/left-over/deep");
  {
    Trash trash(root / "trash");
    for (const char* folder : {"a", "a", "b"}) {
      fs::create_directories(root / folder / "deep");
      std::ofstream(root / folder / "deep/file") << "x";
      trash.take(root / folder);
      EXPECT_FALSE(fs::exists(root / folder));
    }
    trash.take(root / "never-was");
    trash.sweep();
  }
  EXPECT_TRUE(fs::is_empty(root));
  fs::remove_all(root);
}

}  // namespace
}  // namespace dokku::buildstep
