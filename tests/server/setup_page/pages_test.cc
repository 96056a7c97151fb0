#include "server/setup_page/pages.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

TEST(SetupPages, WhatSomebodyTypedIsTextAndNothingElse) {
  SetupForm form{"</textarea><script>alert(1)</script>", "ip", "\"><b>", "'&"};
  SetupReply reply{.kind = SetupReply::Kind::refused, .keys = "0", .message = "<i>x\n<u>"};
  const std::string page = form_page(form, reply);
  for (const char* bad : {"<script>", "\"><b>", "<i>", "<u>", "'&\""}) {
    EXPECT_EQ(page.find(bad), std::string::npos) << bad;
  }
  EXPECT_NE(page.find("&lt;/textarea&gt;&lt;script&gt;"), std::string::npos);
  EXPECT_NE(page.find("value=\"ip\" checked"), std::string::npos);
  EXPECT_EQ(page.find("value=\"domain\" checked"), std::string::npos);
}

TEST(SetupPages, NothingIsFetchedFromElsewhere) {
  for (const std::string& page :
       {setup_notice(), link_is_elsewhere_page(), useless_link_page(), form_page({}, {}),
        done_page({.remote = "dokku@h:my-app"}), too_many_guesses_page()}) {
    EXPECT_EQ(page.find("src="), std::string::npos);
    EXPECT_EQ(page.find("href="), std::string::npos);
    EXPECT_EQ(page.find("<script"), std::string::npos);
  }
}

TEST(SetupPages, TheirEndSaysWhatToType) {
  const std::string named = done_page({.domain = "example.com", .remote = "dokku@h:my-app"});
  EXPECT_NE(named.find("git remote add dokku dokku@h:my-app\ngit push dokku"), std::string::npos);
  EXPECT_NE(named.find("http://my-app.example.com"), std::string::npos);
  const std::string ports = done_page({.address = "203.0.113.7", .remote = "dokku@h:my-app"});
  EXPECT_NE(ports.find("at which port of 203.0.113.7"), std::string::npos);
  EXPECT_NE(useless_link_page().find("sudo dokku setup --browser"), std::string::npos);
  EXPECT_NE(setup_notice().find("sudo dokku setup --browser"), std::string::npos);
}

}  // namespace
}  // namespace dokku::server
