#include "buildstep/buildpack/worker.h"

#include <gmock/gmock.h>

#include <cstring>

// This program is its own worker, by the name that it is given: `dokku-worker TASK …`.
int main(int argc, char** argv) {
  if (std::strcmp(argv[0], "dokku-worker") == 0) {
    return dokku::buildstep::worker_main(argc, argv);
  }
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
