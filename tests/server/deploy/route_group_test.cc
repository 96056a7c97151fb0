#include "server/deploy/route_group.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

using proxy::Listener;
using proxy::Scheme;

class Ways : public testing::Test {
 protected:
  Ways() {
    instance_.http_port = 8080;
    instance_.https_port = 8443;
  }
  proxy::Group ways(const std::string& ports, bool certificate = false) {
    spec_.ports = parse_port_maps(ports);
    if (certificate) spec_.certificate = {"CHAIN", "KEY"};
    proxy::Group group{.key = "blog"};
    describe_ways(spec_, instance_, 5000, group);
    return group;
  }
  Instance instance_;
  RouteSpec spec_{{"blog.test"}, std::nullopt};
};

TEST_F(Ways, TheUsualPortsAreTheInstances) {
  const proxy::Group plain = ways("http:80:5000");
  EXPECT_EQ(plain.listeners, (std::vector<Listener>{{.port = 8080}}));
  EXPECT_EQ(plain.hosts, spec_.hosts);
  const proxy::Group secure = ways("http:80:5000 https:443:5000", true);
  EXPECT_EQ(secure.listeners,
            (std::vector<Listener>{{.port = 8080, .redirect_to = 8443},
                                   {.port = 8443, .scheme = Scheme::https}}));
  ASSERT_EQ(secure.certificates.size(), 1U);
  EXPECT_EQ(secure.certificates[0].size(), 64U);
  EXPECT_EQ(certificates_of(spec_)[0].id, secure.certificates[0]);
}

TEST_F(Ways, HttpsWantsACertificate) {
  EXPECT_EQ(ways("http:80:5000 https:443:5000").listeners,
            (std::vector<Listener>{{.port = 8080}}));
  const proxy::Group none = ways("https:443:5000");
  EXPECT_TRUE(none.listeners.empty());
  // Else they would answer at the proxy's own ports.
  EXPECT_TRUE(none.hosts.empty());
}

TEST_F(Ways, OtherPortsLeadToTheirOwn) {
  EXPECT_EQ(ways("http:80:3000 http:8081:5000 grpc:9000:9001").listeners,
            (std::vector<Listener>{{.port = 8080},
                                   {.port = 8081},
                                   {.port = 9000, .scheme = Scheme::grpc, .target_port = 9001}}));
}

TEST_F(Ways, WithoutANameAPortIsTheAppsAlone) {
  spec_.hosts.clear();
  spec_.own_port = 20001;
  EXPECT_EQ(ways("http:20001:5000").listeners,
            (std::vector<Listener>{{.port = 20001, .any_host = true}}));
  EXPECT_EQ(ways("http:80:5000 http:7000:5000").listeners,
            (std::vector<Listener>{{.port = 20001, .any_host = true},
                                   {.port = 7000, .any_host = true}}));
}

TEST_F(Ways, AnInstanceWithoutHttpsRedirectsNobody) {
  instance_.https_port = 0;
  EXPECT_EQ(ways("http:80:5000 https:443:5000", true).listeners,
            (std::vector<Listener>{{.port = 8080}}));
}

}  // namespace
}  // namespace dokku::server
