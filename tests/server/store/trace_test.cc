#include "server/store/trace.h"

#include <thread>

#include "fixture.h"
#include "server/store/properties.h"

namespace dokku::server {
namespace {

TEST_F(Rows, ATraceTellsTablesOfReadsAndWritesOfItsThread) {
  std::vector<StoreDeed> deeds;
  {
    const StoreTrace trace([&](const StoreDeed& deed) { deeds.push_back(deed); });
    read([&](ReadTx& tx) { return find_app(tx, std::string_view("blog")); });
    write([&](WriteTx& tx) { return set_property(tx, app_, "x", "secret"); });
    std::thread other([&] { read([](ReadTx& tx) { return list_apps(tx); }); });
    other.join();
  }
  read([](ReadTx& tx) { return list_apps(tx); });
  ASSERT_EQ(deeds.size(), 2U);
  EXPECT_FALSE(deeds[0].changes);
  EXPECT_EQ(deeds[0].tables, std::set<std::string>{"apps"});
  EXPECT_EQ(deeds[0].statements, 1U);
  EXPECT_TRUE(deeds[1].changes);
  EXPECT_EQ(deeds[1].tables, std::set<std::string>{"properties"});
}

}  // namespace
}  // namespace dokku::server
