#include "server/deploy/scale_file.h"

#include <gtest/gtest.h>

#include "server/deploy/wanted.h"

namespace dokku::server {
namespace {

TEST(ScaleFile, IsReadAsThePageOf2015SaysAndWithPatience) {
  EXPECT_EQ(read_scale_file("web=1\nworker=2\n"), (Formation{{"web", 1}, {"worker", 2}}));
  EXPECT_EQ(read_scale_file("# counts\r\n web=3 # three\r\n\r\nworker=1"),
            (Formation{{"web", 3}, {"worker", 1}}));
  EXPECT_EQ(read_scale_file("web\nweb=x\n=3\n\xff=1\nworker=1\n"), (Formation{{"worker", 1}}));
  EXPECT_EQ(read_scale_file("web=1\nweb=2\n"), (Formation{{"web", 2}}));
  EXPECT_EQ(read_scale_file(""), Formation());
}

TEST(ScaleFile, WinsOverWhatWasAsked) {
  Release release;
  release.has_procfile = true;
  release.processes = {{"web", "w"}, {"worker", "k"}, {"clock", "c"}};
  const Formation asked{{"web", 5}, {"clock", 1}};
  EXPECT_EQ(effective_formation(release, asked),
            (Formation{{"web", 5}, {"worker", 0}, {"clock", 1}}));
  release.files["DOKKU_SCALE"] = "web=2\nworker=1\n";
  EXPECT_EQ(effective_formation(release, asked),
            (Formation{{"web", 2}, {"worker", 1}, {"clock", 1}}));
}

}  // namespace
}  // namespace dokku::server
