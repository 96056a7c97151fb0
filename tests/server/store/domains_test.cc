#include "server/store/domains.h"

#include "fixture.h"

namespace dokku::server {
namespace {

TEST_F(Rows, DomainsBelongToOneApp) {
  const Domain name = Domain::parse("a.example.com").value();
  EXPECT_TRUE(write([&](WriteTx& tx) { return add_domain(tx, app_, name); }));
  EXPECT_FALSE(write([&](WriteTx& tx) { return add_domain(tx, app_, name); }));
  const AppId other = create("shop");
  const auto taken = store_->write([&](WriteTx& tx) { return add_domain(tx, other, name); });
  EXPECT_EQ(taken.error().message(),
            "a.example.com is already used by app blog\n"
            "Take it from there first: dokku domains:remove blog a.example.com");
  EXPECT_TRUE(write([&](WriteTx& tx) { return add_domain(tx, AppId::global, name); }));
}

TEST_F(Rows, WhatAnAppThatIsGoneShouldGetIsNotFound) {
  EXPECT_TRUE(store_->write([&](WriteTx& tx) { return delete_app(tx, app_); }));
  const Domain name = Domain::parse("a.example.com").value();
  const auto late = store_->write([&](WriteTx& tx) { return add_domain(tx, app_, name); });
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), Errc::not_found) << late.error().message();
}

}  // namespace
}  // namespace dokku::server
