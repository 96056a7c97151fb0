// Every check: a host that is well, then ill in one way.
#include "server/doctor/doctor.h"

#include <gmock/gmock.h>

#include <fstream>

#include "server/doctor/checks.h"
#include "server/store/domains.h"
#include "server/store/events.h"
#include "server/store/keys.h"
#include "server/store/properties.h"
#include "server/store/sql.h"
#include "server/supervise/instance_id.h"
#include "server/supervise/local_executor.h"
#include "tests/fakes/fake_containers.h"
#include "tests/fakes/fake_images.h"
#include "tests/fakes/fake_networks.h"
#include "tests/host_view/fake_host.h"

namespace dokku::server {
namespace {

using ::testing::HasSubstr;

class DoctorTest : public ::testing::Test {
 protected:
  DoctorTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "doctor.XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    instance_.name = "t";
    instance_.state_dir = folder_ / "lib";
    instance_.home_dir = folder_ / "home";
    instance_.build_env_file = folder_ / "build.env";
    std::filesystem::create_directories(instance_.state_dir);
    store_ = *Store::open({.file = instance_.database(), .vfs = {}});
    HostSide side{{folder_ / "tools"}, instance_.logs_dir(), "/etc/resolv.conf", {}};
    executor_ = std::make_unique<LocalExecutor>(
        LocalExecutor::Parts{containers_, networks_, *clock_, side, folder_ / "streams",
                             [this](pid_t pid, std::uint16_t) {
                               return Listening{.reachable = containers_.runs(pid)};
                             }});
    create("blog");
    write([&](WriteTx& tx) {
      return add_key(tx, {*KeyName::parse("alice"), *PublicKey::parse(kKey), clock_->wall()});
    });
    add("blog.example.com");
    host_.names["blog.example.com"] = {"198.51.100.4"};
  }
  ~DoctorTest() override {
    executor_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  template <class F>
  void write(F&& change) {
    ASSERT_TRUE(store_->write([&](WriteTx& tx) -> Result<> {
      TRY(change(tx));
      return {};
    }));
  }
  void create(const std::string& name) {
    write([&](WriteTx& tx) { return create_app(tx, *AppName::parse(name), clock_->wall()); });
  }
  void add(const std::string& domain) {
    const App app = apps().front();
    write([&](WriteTx& tx) { return add_domain(tx, app.id, *Domain::parse(domain)); });
  }
  std::vector<App> apps() {
    return *store_->read([](ReadTx& tx) { return list_apps(tx); });
  }
  DoctorParts parts() {
    return {instance_, *store_, *clock_, &host_, executor_.get(), &containers_, &networks_};
  }
  Findings examine_now() { return examine(parts(), {apps(), true}); }

  // The only thing that is wrong now, or a note.
  Finding only() {
    Findings bad;
    for (Finding& one : examine_now()) {
      if (one.state != Finding::State::good) bad.push_back(std::move(one));
    }
    EXPECT_EQ(bad.size(), 1U);
    return bad.empty() ? Finding{} : bad.front();
  }
  std::size_t troubles() {
    const Findings found = examine_now();
    return static_cast<std::size_t>(
        std::count_if(found.begin(), found.end(),
                      [](const Finding& one) { return one.state != Finding::State::good; }));
  }
  void expect_wrong(const std::string& check, const std::string& what, const std::string& mend) {
    const Finding finding = only();
    EXPECT_EQ(finding.state, Finding::State::wrong);
    EXPECT_EQ(finding.check, check);
    EXPECT_THAT(finding.what, HasSubstr(what));
    EXPECT_THAT(finding.mend, HasSubstr(mend));
  }

  static constexpr const char* kKey =
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f x";
  std::filesystem::path folder_;
  Instance instance_;
  std::unique_ptr<Clock> clock_ = system_clock();
  std::unique_ptr<Store> store_;
  testing::FakeImages images_;
  testing::FakeContainers containers_{&images_};
  testing::FakeNetworks networks_;
  testing::FakeHost host_;
  std::unique_ptr<LocalExecutor> executor_;
};

TEST_F(DoctorTest, AHealthyHostHasOneGoodLinePerCheck) {
  std::vector<std::string> checks;
  for (const Finding& one : examine_now()) {
    EXPECT_EQ(one.state, Finding::State::good) << one.check << ": " << one.what;
    checks.push_back(one.check);
  }
  EXPECT_EQ(checks, (std::vector<std::string>{"containerd", "kernel", "network", "names", "ports",
                                              "domains", "disk", "memory", "store", "left-overs",
                                              "clock", "keys"}));
}

TEST_F(DoctorTest, AContainerdThatIsAwayIsNamed) {
  containers_.fail_next("version", {Errc::unavailable, "refused"});
  expect_wrong("containerd", "does not answer", "systemctl restart containerd");
}

TEST_F(DoctorTest, AKernelWithoutOverlayIsNamed) {
  host_.files["/proc/filesystems"] = "\text4\n";
  expect_wrong("kernel", "no overlay file system", "modprobe overlay");
}

TEST_F(DoctorTest, AControllerThatIsOffIsNamed) {
  host_.files["/sys/fs/cgroup/cgroup.controllers"] = "cpu pids\n";
  expect_wrong("kernel", "no cgroup limits for: memory", "cgroup_enable=memory");
  host_.files.erase("/sys/fs/cgroup/cgroup.controllers");
  host_.files["/proc/cgroups"] =
      "#subsys_name\thierarchy\tnum_cgroups\tenabled\n"
      "cpu\t2\t9\t1\nmemory\t3\t9\t0\npids\t4\t9\t1\n";
  expect_wrong("kernel", "no cgroup limits for: memory", "cgroup_enable=memory");
}

TEST_F(DoctorTest, ForwardingRulesAndForeignFirewallsAreLookedAt) {
  networks_.set_health({false, true, {}, {}});
  expect_wrong("network", "forwarding is off", "dokku doctor:mend");
  networks_.set_health({true, false, {}, {}});
  expect_wrong("network", "rules of this instance are gone", "dokku doctor:mend");
  networks_.set_health({true, true, {"ip filter FORWARD"}, {"Docker"}});
  expect_wrong("network", "(ip filter FORWARD) drops", "dokku doctor:mend");
}

TEST_F(DoctorTest, AFirewallThatOthersMayNotChangeIsOpenedByItsOwnCommand) {
  runtime::NetworkHealth health{true, true, {"inet firewalld filter_FORWARD"}, {}};
  health.range = "10.83.0.0/20";
  networks_.set_health(health);
  expect_wrong("network", "(inet firewalld filter_FORWARD) drops",
               "firewall-cmd --permanent --zone=trusted --add-source=10.83.0.0/20");
}

TEST_F(DoctorTest, ARouteThatCameToTheAppsAddressesIsNamed) {
  runtime::NetworkHealth health{true, true, {}, {}};
  health.range = "10.83.0.0/20";
  health.clashes = {"10.83.0.0/16 by eth1"};
  networks_.set_health(health);
  expect_wrong("network", "(10.83.0.0/20) are also routed elsewhere: 10.83.0.0/16 by eth1",
               "dokku ps:stop --all, dokku doctor:mend, dokku ps:start --all");
}

TEST_F(DoctorTest, PortsThatAFirewallKeepsClosedAreNamed) {
  runtime::NetworkHealth health{true, true, {}, {"ufw", "firewalld"}};
  health.public_ports = {80, 20001};
  networks_.set_health(health);
  host_.files["/etc/ufw/ufw.conf"] = "ENABLED=yes\n";
  host_.files["/etc/firewalld/zones/public.xml"] = "<zone target=\"ACCEPT\">";
  expect_wrong("network", "ufw lets nobody in on port 22, 80, 443, 20001",
               "ufw allow 22,80,443,20001/tcp");
  networks_.set_health({true, true, {}, {"Docker"}});  // what is not in place closes nothing
  EXPECT_EQ(troubles(), 0U);
}

TEST_F(DoctorTest, NameServersThatAreAbsentOrSilentAreNamed) {
  host_.names.erase("deb.debian.org");
  expect_wrong("names", "no name server of /etc/resolv.conf answers", "look at /etc/resolv.conf");
  host_.files["/etc/resolv.conf"] = "# nothing\nsearch example.com\n";
  expect_wrong("names", "no name server is set", "nameserver ADDRESS");
}

TEST_F(DoctorTest, APortIsOursOrSaysWhoseItIs) {
  host_.listening.erase({80, "dokku-proxy"});
  expect_wrong("ports", "nobody listens on the http port 80", "restart dokku-proxy");
  host_.listening.insert({80, "nginx"});
  expect_wrong("ports", "nginx listens on the http port 80", "stop and disable it");
  host_.listening.insert({80, "dokku-proxy"});
  host_.listening.erase({80, "nginx"});
  host_.listening.erase({22, "sshd"});
  expect_wrong("ports", "nobody listens on the ssh port 22", "restart sshd");
}

TEST_F(DoctorTest, ADomainPointsHereOrElsewhereOrNowhere) {
  host_.names["blog.example.com"] = {"203.0.113.9"};
  expect_wrong("domains", "blog.example.com of blog points to 203.0.113.9, not to 198.51.100.4",
               "point it to 198.51.100.4");
  host_.names["blog.example.com"] = {};
  expect_wrong("domains", "blog.example.com of blog is unknown to DNS", "point it to");
  host_.names.erase("blog.example.com");
  EXPECT_EQ(only().state, Finding::State::note);  // no answer is not an error of this server
}

TEST_F(DoctorTest, BehindARouterAnotherAddressMayBeRight) {
  host_.own_addresses = {"192.168.1.5", "2001:db8::5"};
  const Finding finding = only();
  EXPECT_EQ(finding.state, Finding::State::note);
  EXPECT_THAT(finding.what, HasSubstr("right if a router passes its ports on"));
}

TEST_F(DoctorTest, WildcardsAreAskedForByANameAndTheGlobalDomainToo) {
  write([&](WriteTx& tx) { return add_domain(tx, AppId::global, *Domain::parse("apps.example")); });
  add("*.example.org");
  host_.names["apps.example"] = {"198.51.100.4"};
  host_.names["dokku-doctor.example.org"] = {"203.0.113.9"};
  expect_wrong("domains", "dokku-doctor.example.org of blog points to", "point it to");
  host_.names["dokku-doctor.example.org"] = {"198.51.100.4"};
  host_.names["apps.example"] = {};
  expect_wrong("domains", "the global domain apps.example is unknown", "point it to");
}

TEST_F(DoctorTest, ADiskBelowTheFloorIsNamed) {
  host_.space.free_bytes = 500ULL << 20;
  expect_wrong("disk", "is almost full: 500 MB of 100 GB are free", "dokku cleanup");
}

TEST_F(DoctorTest, ScarceMemoryIsNamed) {
  host_.files["/proc/meminfo"] = "MemTotal: 4000000 kB\nMemAvailable: 100000 kB\nSwapTotal: 0 kB\n";
  expect_wrong("memory", "memory is short", "add swap");
}

TEST_F(DoctorTest, ADamagedStoreIsNamed) {
  const auto raw = Connection::open(instance_.database(), "", Connection::Mode::read_write);
  ASSERT_TRUE(raw);
  ASSERT_TRUE((*raw)->execute("PRAGMA foreign_keys=OFF"));
  ASSERT_TRUE((*raw)->execute("INSERT INTO domains (app, name) VALUES (4711, 'x.example')"));
  expect_wrong("store", "refers to no row of apps", "docs/operate.md");
}

TEST_F(DoctorTest, WithoutAKeyNobodyCanPush) {
  write([&](WriteTx& tx) { return remove_key_by_name(tx, "alice"); });
  expect_wrong("keys", "no ssh key is known", "dokku ssh-keys:add");
}

TEST_F(DoctorTest, SecretsThatOthersMayReadAreNamed) {
  host_.modes[instance_.build_env_file.string()] = {0, 0644};
  expect_wrong("keys", "holds secrets and others may read it (0644)", "chmod 600");
  host_.modes[instance_.build_env_file.string()] = {0, 0600};
  host_.modes[(instance_.home_dir / ".ssh/authorized_keys").string()] = {0, 0666};
  expect_wrong("keys", "can be written by others", "chmod 644");
}

TEST_F(DoctorTest, AClockThatWasSetBackIsWrongAndAFreeOneANote) {
  host_.kept_clock = false;
  EXPECT_EQ(only().state, Finding::State::note);
  host_.kept_clock = true;
  Event event;
  event.at = clock_->wall() + std::chrono::hours(1);
  event.who = "alice";
  event.command = "config:set";
  write([&](WriteTx& tx) { return add_event(tx, event); });
  expect_wrong("clock", "the clock was set back", "timedatectl");
}

class Leftovers : public DoctorTest {
 protected:
  // A container that some app's process could be.
  void container(const std::string& app) {
    images_.add("dokku/x:r1");
    const InstanceKey key{app, "web", 1, 1};
    ASSERT_TRUE(networks_.attach(instance_container(key)));
    ASSERT_TRUE(start({.id = instance_container(key),
                       .image = *runtime::ImageRef::parse("dokku/x:r1"),
                       .labels = instance_labels(key),
                       .args = {"sleep"}}));
  }
  Result<> start(const runtime::ContainerSpec& spec) {
    TRY(containers_.create(spec));
    TRY(containers_.start(spec.id, {}));
    return {};
  }
};

TEST_F(Leftovers, OfAnAppThatIsGoneAreNamedAndMended) {
  container("gone");
  expect_wrong("left-overs", "1 containers that no app owns: gone.web.1", "dokku doctor:mend");
  ASSERT_TRUE(remove_leftovers(parts()));
  for (const Finding& one : examine_now()) EXPECT_EQ(one.state, Finding::State::good) << one.what;
  EXPECT_EQ(networks_.size(), 0U);
}

TEST_F(Leftovers, OfAnAppThatIsThereAndNotSupervisedAreNamed) {
  container("blog");
  expect_wrong("left-overs", "1 containers that no app owns: blog.web.1", "dokku doctor:mend");
}

TEST_F(Leftovers, NetworksAndFoldersAreNamed) {
  ASSERT_TRUE(networks_.attach(*runtime::ContainerId::parse("gone.web.1.r1")));
  expect_wrong("left-overs", "1 networks that no app owns: gone.web.1.r1", "dokku doctor:mend");
  ASSERT_TRUE(remove_leftovers(parts()));
  host_.folders[(instance_.git_dir()).string()] = {"blog.git", "gone.git"};
  expect_wrong("left-overs", "/git/gone.git", "dokku doctor:mend");
}

TEST_F(Leftovers, EmptyCgroupsAreNamed) {
  host_.folders["/sys/fs/cgroup/dokku-t"] = {"blog.web.1.r1", "gone.web.1.r1", "cpu.max"};
  host_.files["/sys/fs/cgroup/dokku-t/gone.web.1.r1/cgroup.procs"] = "";
  host_.files["/sys/fs/cgroup/dokku-t/blog.web.1.r1/cgroup.procs"] = "";
  expect_wrong("left-overs", "1 cgroups that no app owns: /sys/fs/cgroup/dokku-t/gone.web.1.r1",
               "dokku doctor:mend");
}

TEST_F(DoctorTest, WhoSeesSomeAppsSeesTheirDomainsAlone) {
  create("hidden");
  host_.names["blog.example.com"] = {"203.0.113.9"};
  host_.space.free_bytes = 0;
  const Findings seen = examine(parts(), {{apps().front()}, false});
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].check, "domains");
}

}  // namespace
}  // namespace dokku::server
