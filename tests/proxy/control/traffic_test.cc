#include "proxy/control/traffic.h"

#include <gtest/gtest.h>

namespace dokku::proxy {
namespace {

TEST(Latencies, EachTimeFallsIntoABucketThatIsNoWiderThanAQuarter) {
  std::size_t last = 0;
  for (std::uint64_t micros = 0; micros < 5'000'000; micros += 1 + micros / 50) {
    const std::size_t bucket = Latencies::bucket_of(micros);
    EXPECT_GE(bucket, last);
    last = bucket;
    Latencies one;
    one.add(micros);
    EXPECT_GE(one.percentile(50), micros);
    EXPECT_LE(one.percentile(50), micros + micros / 4);
  }
  EXPECT_EQ(Latencies::bucket_of(~std::uint64_t{0}), Latencies::kBuckets - 1);
}

TEST(Latencies, PercentilesCountFromBelow) {
  Latencies times;
  EXPECT_EQ(times.percentile(99), 0U);
  for (int i = 0; i < 98; ++i) times.add(1);
  times.add(2);
  times.add(1000);
  EXPECT_EQ(times.percentile(50), 1U);
  EXPECT_EQ(times.percentile(99), 2U);
  EXPECT_GE(times.percentile(100), 1000U);
}

ProxyTraffic some() {
  ProxyTraffic traffic;
  traffic.totals.workers = 1;
  traffic.totals.accepted = 7;
  Traffic app;
  app.key = "blog";
  app.generation = 3;
  app.requests = 10;
  app.answers[2] = 9;
  app.answers[5] = 1;
  app.bytes_out = 1234;
  app.latencies.add(100);
  traffic.apps = {app};
  return traffic;
}

TEST(ProxyTraffic, SumsUpByAppAndRelease) {
  ProxyTraffic sum = some();
  sum.add(some());
  ProxyTraffic other = some();
  other.apps[0].generation = 2;
  sum.add(other);
  ASSERT_EQ(sum.apps.size(), 2U);
  EXPECT_EQ(sum.apps[0].generation, 2U);
  EXPECT_EQ(sum.apps[1].requests, 20U);
  EXPECT_EQ(sum.apps[1].answers[2], 18U);
  EXPECT_EQ(sum.apps[1].latencies.percentile(100), some().apps[0].latencies.percentile(100));
  EXPECT_EQ(sum.totals.workers, 3U);
}

TEST(ProxyTraffic, SurvivesBeingWrittenDown) {
  const Result<ProxyTraffic> read = decode_traffic(encode_traffic(some()));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(encode_traffic(*read), encode_traffic(some()));
  EXPECT_FALSE(decode_traffic("[]").has_value());
  EXPECT_FALSE(decode_traffic(R"({"apps":[{}]})").has_value());
  EXPECT_FALSE(decode_traffic(R"({"apps":[1]})").has_value());
}

}  // namespace
}  // namespace dokku::proxy
