#include <algorithm>

#include "running_app.h"

namespace dokku::cli {
namespace {

class Ports : public CommandsTest {
 protected:
  void SetUp() override {
    CommandsTest::SetUp();
    must("domains:set-global", "example.com");
    must("apps:create", "blog");
    must("apps:create", "shop");
  }
};

TEST_F(Ports, ListShowsWhatIsSet) {
  EXPECT_EQ(run("ports:list", "blog"),
            (Outcome{1, "", " !     No port mappings configured for app\n"}));
  EXPECT_EQ(run("ports:set", "blog", "http:80:5000", "http:8080:5000").status, 0);
  EXPECT_EQ(run("ports:list", "blog"), (Outcome{0,
                                                "-----> Port mappings for blog\n"
                                                "    -----> scheme  host port  container port\n"
                                                "    http           80         5000\n"
                                                "    http           8080       5000\n",
                                                ""}));
  EXPECT_EQ(run("--quiet", "ports:list", "blog").out,
            "    http  80    5000\n    http  8080  5000\n");
}

TEST_F(Ports, TheFirstMapReplacesTheDetectedOnesAndSaysSo) {
  EXPECT_EQ(run("ports:report", "blog", "--ports-map-detected").out, "http:80:5000\n");
  const Outcome first = run("ports:add", "blog", "http:8080:5000");
  EXPECT_EQ(first.status, 0);
  EXPECT_NE(first.err.find("replace the detected ones: http:80:5000"), std::string::npos) << first;
  EXPECT_EQ(run("ports:add", "blog", "http:80:5000").err.find("replace"), std::string::npos);
  EXPECT_EQ(run("ports:report", "blog", "--ports-map").out, "http:80:5000 http:8080:5000\n");
  EXPECT_EQ(run("ports:add", "blog", "http:80:5000").err,
            " !     Error validating port mappings: The same scheme:host-port is being reused: "
            "http:80\n");
}

TEST_F(Ports, AreRemovedByMapOrPort) {
  must("ports:set", "blog", "http:80:5000", "http:8080:5000", "http:8081:5000");
  must("ports:remove", "blog", "8080", "http:8081:5000");
  EXPECT_EQ(run("ports:report", "blog", "--ports-map").out, "http:80:5000\n");
  must("ports:clear", "blog");
  EXPECT_EQ(run("ports:report", "blog", "--ports-map").out, "\n");
}

TEST_F(Ports, GrpcIsSharedAsHttpIs) {
  EXPECT_EQ(run("ports:set", "blog", "grpc:50051:50051"),
            (Outcome{0, "", " !     No web listeners specified for blog\n"}));
  EXPECT_EQ(run("ports:set", "shop", "http:50051:5000").status, 0);
  EXPECT_EQ(run("ports:set", "shop", "grpcs:50051:5000").err,
            " !     Port 50051 is grpc for app blog, and cannot be grpcs too\n");
  EXPECT_EQ(run("url", "blog").out, "grpc://blog.example.com:50051\n");
  EXPECT_NE(run("proxy:show-config", "blog").out.find("listen: grpc 50051 to port 50051 by HTTP/2"),
            std::string::npos);
}

TEST_F(Ports, MapsOfTlsWaitForACertificateAndSaySo) {
  const Outcome set = run("ports:set", "blog", "grpcs:443:5000", "http:80:5000");
  EXPECT_EQ(set.status, 0);
  EXPECT_EQ(set.err,
            " !     Served once the app has a certificate: grpcs:443:5000\n"
            " !     To give it one: dokku certs:add blog\n"
            " !     No web listeners specified for blog\n");
}

TEST_F(Ports, BadMapsChangeNothing) {
  must("ports:set", "blog", "http:8080:5000");
  for (const char* bad :
       {"http:80", "http", "ftp:80:80", "http:80:0", "http:443:5000", "https:80:5000"}) {
    EXPECT_EQ(run("ports:add", "blog", bad).status, 1) << bad;
  }
  EXPECT_EQ(run("ports:add", "blog").err, " !     No port mapping specified\n");
  EXPECT_EQ(run("ports:add", "blog", "http:8080:80").err,
            " !     Error validating port mappings: The same scheme:host-port is being reused: "
            "http:8080\n");
  EXPECT_EQ(run("ports:set", "shop", "https:8080:5000").err,
            " !     Port 8080 is http for app blog, and cannot be https too\n");
  EXPECT_EQ(run("ports:report", "blog", "--ports-map").out, "http:8080:5000\n");
}

TEST_F(Ports, ProxyIsSwitched) {
  EXPECT_EQ(run("proxy:enable", "blog").out, "-----> Proxy is already enabled for app\n");
  EXPECT_EQ(run("proxy:disable", "blog").out, "-----> Disabling proxy for app\n");
  EXPECT_EQ(run("proxy:disable", "blog").out, "-----> Proxy is already disable for app\n");
  EXPECT_EQ(run("proxy:report", "blog", "--proxy-enabled").out, "false\n");
  // By a port of its own.
  EXPECT_NE(run("url", "blog").out.find(":20000"), std::string::npos);
  must("proxy:enable", "--all");
  EXPECT_EQ(run("url", "blog").out, "http://blog.example.com\n");
}

TEST_F(Ports, ProxySettingsHaveDokkusNames) {
  EXPECT_EQ(run("nginx:set", "blog", "client-max-body-size", "50m").out,
            "=====> Setting client-max-body-size to 50m\n");
  EXPECT_EQ(run("nginx:report", "blog", "--nginx-client-max-body-size").out, "50m\n");
  EXPECT_EQ(run("nginx:report", "blog", "--nginx-computed-hsts").out, "true\n");
  must("proxy:set", "blog", "maintenance", "true");
  EXPECT_EQ(run("nginx:report", "blog", "--nginx-maintenance").out, "true\n");
  const Outcome wrong = run("nginx:set", "blog", "proxy-read-timeout", "soon");
  EXPECT_EQ(wrong.status, 1);
  EXPECT_NE(wrong.err.find("Expected: a time"), std::string::npos) << wrong;
  EXPECT_NE(run("nginx:set", "blog", "proxy-buffering", "on").err.find("streams"),
            std::string::npos);
  EXPECT_EQ(run("nginx:set", "blog", "nonsense", "x").status, 1);
  EXPECT_NE(run("nginx:show-config", "blog").out.find("client-max-body-size: 50m"),
            std::string::npos);
}

TEST_F(Ports, ProxySetKnowsItsOldForms) {
  must("proxy:set", "blog", "nginx");
  EXPECT_EQ(run("proxy:set", "blog", "http:80:5000").err,
            " !     Detected potential port mapping instead of proxy type\n"
            " !     Consider using ports:set command or specifying a valid proxy\n");
  must("proxy:set", "blog", "proxy-port", "8080");
  EXPECT_EQ(run("ports:report", "blog", "--ports-map-detected").out, "http:8080:5000\n");
  EXPECT_EQ(run("ports:report", "blog", "--ports-map-detected-json").out,
            R"([{"container_port":5000,"host_port":8080,"scheme":"http"}])"
            "\n");
  EXPECT_EQ(run("urls", "blog").out, "http://blog.example.com:8080\n");
}

using RunningPorts = RunningAppTest;

// What processes listen on is known when they start, where a map leads to at once: the two must
// not come apart.
TEST_F(RunningPorts, TheFirstMapsContainerPortBecomesPortAtTheNextStart) {
  must("domains:set-global", "example.com");
  must("apps:create", "blog");
  push("blog", {{"web", "serve"}});
  const auto port_in = [&](const std::string& container) {
    const auto spec = containers_.spec(container);
    for (const std::string& each : spec ? spec->env : std::vector<std::string>()) {
      if (each.starts_with("PORT=")) return each.substr(5);
    }
    return std::string();
  };
  const auto route = [&] { return proxy_.list()->at(0); };
  EXPECT_EQ(port_in("blog.web.1.r1"), "5000");
  EXPECT_EQ(run("ports:set", "blog", "http:80:3000", "http:8081:4000").out,
            "       PORT is 5000 until the next start, then 3000; now: dokku ps:restart blog\n");
  ASSERT_TRUE(deploys_->routes_changed(*platform_->apps.find("blog")));
  EXPECT_EQ(route().targets.at(0).port, 5000);
  EXPECT_EQ(route().listeners.at(0).target_port, 0);
  EXPECT_EQ(route().listeners.at(1).target_port, 4000);
  EXPECT_NE(run("proxy:show-config", "blog").out.find("http 80 to port 5000"), std::string::npos);

  must("ps:restart", "blog");
  EXPECT_EQ(port_in("blog.web.1.r2"), "3000");
  EXPECT_EQ(route().targets.at(0).port, 3000);
  EXPECT_EQ(route().listeners.at(1).target_port, 4000);
  EXPECT_NE(run("proxy:show-config", "blog").out.find("http 80 to port 3000"), std::string::npos);
  restart_daemon();  // the release row says it, not the map
  ASSERT_TRUE(eventually([&] {
    const auto all = executor_->instances("blog");
    return all.size() == 1 && all[0].state == server::InstanceSeen::State::ready;
  }));
  must("ports:clear", "blog");
  ASSERT_TRUE(deploys_->routes_changed(*platform_->apps.find("blog")));
  EXPECT_EQ(route().targets.at(0).port, 3000);
  must("ps:restart", "blog");
  EXPECT_EQ(port_in("blog.web.1.r3"), "5000");
}

TEST_F(Ports, TheOldFormNamesATypeThatIsNotHere) {
  EXPECT_EQ(run("proxy:set", "blog", "caddy").err,
            " !     Invalid type specified\n"
            " !     The one proxy is built in; its type is nginx\n");
}

}  // namespace
}  // namespace dokku::cli
