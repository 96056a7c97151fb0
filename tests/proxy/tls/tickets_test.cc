#include "proxy/tls/tickets.h"

#include <gtest/gtest.h>

namespace dokku::proxy::tls {
namespace {

TEST(TicketKeys, KeepOneBeforeTheCurrent) {
  TicketKeys keys = *TicketKeys::make();
  EXPECT_FALSE(keys.previous());
  const auto first = keys.current().name;
  ASSERT_TRUE(keys.rotate());
  EXPECT_NE(keys.current().name, first);
  ASSERT_TRUE(keys.previous());
  EXPECT_EQ(keys.previous()->name, first);
}

TEST(TicketKeys, TravelAsBytes) {
  TicketKeys keys = *TicketKeys::make();
  ASSERT_TRUE(keys.rotate());
  const auto back = TicketKeys::decode(keys.encode());
  ASSERT_TRUE(back);
  EXPECT_EQ(back->encode(), keys.encode());
  EXPECT_FALSE(TicketKeys::decode("short"));
}

}  // namespace
}  // namespace dokku::proxy::tls
