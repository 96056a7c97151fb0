#include "server/store/apps.h"

#include "fixture.h"
#include "server/store/builds.h"
#include "server/store/config.h"
#include "server/store/formation.h"
#include "server/store/properties.h"

namespace dokku::server {
namespace {

TEST_F(Rows, DestroyTakesAllOfAnAppAndOfNoOther) {
  const AppId other = create("shop");
  for (const AppId id : {app_, other}) {
    write([&](WriteTx& tx) { return set_config(tx, id, {{"SECRET", "hunter2"}}); });
    write([&](WriteTx& tx) { return set_property(tx, id, "git.deploy-branch", "x"); });
    write([&](WriteTx& tx) { return save_formation(tx, id, {{"web", 2}}); });
    write([&](WriteTx& tx) { return add_build(tx, id, {}); });
    Release release;
    release.processes = {{"web", "x"}};
    write([&](WriteTx& tx) { return add_release(tx, id, release); });
  }
  write([&](WriteTx& tx) { return delete_app(tx, app_); });
  const std::string dump = store_->dump().value();
  const std::string gone = "\n" + std::to_string(static_cast<int>(app_)) + "|";
  const std::string kept = "\n" + std::to_string(static_cast<int>(other)) + "|";
  EXPECT_EQ(dump.substr(0, dump.find("[schema_steps]")).find(gone), std::string::npos) << dump;
  EXPECT_NE(dump.find(kept), std::string::npos);
  EXPECT_NE(create("blog"), app_);
}

}  // namespace
}  // namespace dokku::server
