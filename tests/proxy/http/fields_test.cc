#include "proxy/http/fields.h"

#include <gtest/gtest.h>

namespace dokku::proxy::http {
namespace {

TEST(FieldId, IgnoresCase) {
  EXPECT_EQ(field_id("Host"), FieldId::host);
  EXPECT_EQ(field_id("HOST"), FieldId::host);
  EXPECT_EQ(field_id("te"), FieldId::te);
  EXPECT_EQ(field_id("Transfer-Encoding"), FieldId::transfer_encoding);
  EXPECT_EQ(field_id("content-length"), FieldId::content_length);
  EXPECT_EQ(field_id("Proxy-Connection"), FieldId::proxy_connection);
}

TEST(FieldId, KnowsEveryForwardedName) {
  EXPECT_EQ(field_id("X-Forwarded-For"), FieldId::x_forwarded);
  EXPECT_EQ(field_id("x-forwarded-anything-else"), FieldId::x_forwarded);
  EXPECT_EQ(field_id("X-Forwarded"), FieldId::other);
  EXPECT_EQ(field_id("Forwarded"), FieldId::forwarded);
}

TEST(FieldId, LeavesOthersAlone) {
  for (const char* name : {"", "A", "Hos", "Hosts", "Content_Length", "X-Request-Idx", "Accept"}) {
    EXPECT_EQ(field_id(name), FieldId::other) << name;
  }
}

}  // namespace
}  // namespace dokku::proxy::http
