#include "server/store/formation.h"

#include "fixture.h"

namespace dokku::server {
namespace {

TEST_F(Rows, ScalingOneTypeLeavesTheOthers) {
  write([&](WriteTx& tx) { return save_formation(tx, app_, {{"web", 2}, {"worker", 1}}); });
  write([&](WriteTx& tx) { return save_formation(tx, app_, {{"worker", 0}}); });
  EXPECT_EQ(read([&](ReadTx& tx) { return load_formation(tx, app_); }),
            (Formation{{"web", 2}, {"worker", 0}}));
}

}  // namespace
}  // namespace dokku::server
