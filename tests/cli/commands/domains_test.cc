#include <netinet/in.h>
#include <sys/socket.h>

#include "base/atomic_file.h"
#include "base/io.h"
#include "fixture.h"

namespace dokku::cli {
namespace {

class DomainsCommands : public CommandsTest {
 protected:
  std::string home_file(const std::string& path) {
    return read_file(instance_.home_dir / path).value_or("(none)");
  }
  void edit(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((instance_.home_dir / path).parent_path());
    ASSERT_TRUE(write_file_atomically(instance_.home_dir / path, text, 0644));
  }
  server::RouteSpec routes(const std::string& name) {
    const Result<server::RouteSpec> spec =
        store_->read([&](server::ReadTx& tx) -> Result<server::RouteSpec> {
          const server::App app = TRY(server::find_app(tx, name));
          return server::route_spec(tx, app);
        });
    return spec.value_or(server::RouteSpec{});
  }
};

constexpr const char* kNoListeners = " !     No web listeners specified for blog\n";

TEST_F(DomainsCommands, AddSetRemoveAndClearSayWhatTheyDid) {
  must("apps:create", "blog");
  EXPECT_EQ(run("domains:add", "blog", "A.example.com", "b.example.com"),
            (Outcome{0, "-----> Added a.example.com to blog\n-----> Added b.example.com to blog\n",
                     kNoListeners}));
  EXPECT_EQ(run("domains:add", "blog", "b.example.com").out,
            "-----> Skipping: b.example.com already added to blog\n");
  EXPECT_EQ(run("domains:remove", "blog", "b.example.com").out,
            "-----> Removed b.example.com from blog\n");
  EXPECT_EQ(run("domains:set", "blog", "c.example.com", "d.example.com").out,
            "-----> Set c.example.com d.example.com for blog\n");
  EXPECT_EQ(run("urls", "blog").out, "http://c.example.com\nhttp://d.example.com\n");
  EXPECT_EQ(run("url", "blog").out, "http://c.example.com\n");
  EXPECT_EQ(run("domains:clear", "blog").out, "-----> Cleared domains in blog\n");
}

TEST_F(DomainsCommands, RoutesFollowAtOnceWithoutARestart) {
  must("apps:create", "blog");
  deploy("blog");
  EXPECT_EQ(run("domains:add", "blog", "a.example.com"),
            (Outcome{0, "-----> Added a.example.com to blog\n", ""}));
  EXPECT_EQ(lifecycle_.taken(), std::vector<std::string>{"routes blog"});
}

TEST_F(DomainsCommands, MistakesChangeNothing) {
  must("apps:create", "blog");
  must("apps:create", "shop");
  must("domains:add", "shop", "taken.example.com");
  const std::string before = dump();
  EXPECT_EQ(
      run("domains:add").err,
      " !     Please specify a domain name. Usage: dokku domains:add <app> <domain> [<domain> "
      "...]\n");
  EXPECT_EQ(run("domains:add", "blog", "ok.example.com", "no/slash").err,
            " !     no/slash is invalid. exiting...\n");
  EXPECT_EQ(run("domains:add", "nobody", "a.example.com"),
            (Outcome{20, "", " !     App nobody does not exist\n"}));
  EXPECT_EQ(run("domains:clear"),
            (Outcome{20, "",
                     " !     App  does not exist\n"
                     " !     Please specify an app to run the command on\n"}));
  EXPECT_EQ(run("domains:add", "blog", "new.example.com", "taken.example.com"),
            (Outcome{1, "",
                     " !     taken.example.com is already used by app shop\n"
                     " !     Take it from there first: dokku domains:remove shop "
                     "taken.example.com\n"}));
  EXPECT_EQ(dump(), before);
}

TEST_F(DomainsCommands, NewAppsGetANameOfEachGlobalDomain) {
  EXPECT_EQ(run("domains:set-global", "example.com", "example.org").out,
            "-----> Set example.com example.org\n");
  must("apps:create", "blog");
  EXPECT_EQ(run("urls", "blog").out, "http://blog.example.com\nhttp://blog.example.org\n");
  EXPECT_FALSE(routes("blog").own_port);
  must("apps:create", "www.whole.name");
  EXPECT_EQ(run("url", "www.whole.name").out, "http://www.whole.name\n");
  EXPECT_EQ(run("domains:report", "blog", "--domains-global-vhosts").out,
            "example.com example.org\n");
  EXPECT_EQ(run("domains:report", "--global").out,
            "=====> --global domains information\n"
            "       Domains global enabled:        true\n"
            "       Domains global vhosts:         example.com example.org\n");
  EXPECT_EQ(run("domains:clear-global").out, "-----> Clearing global domains\n");
}

TEST_F(DomainsCommands, WithoutANameAnAppKeepsAPortOfItsOwn) {
  must("domains:set-property", "--global", "port-range", "23450-23459");
  must("domains:set-property", "--global", "shown-host", "192.0.2.7");
  must("apps:create", "blog");
  must("apps:create", "shop");
  const std::string blog = run("url", "blog").out;
  EXPECT_EQ(blog.substr(0, 21), "http://192.0.2.7:2345") << blog;
  EXPECT_NE(run("url", "shop").out, blog);
  must("domains:add", "blog", "a.example.com");
  EXPECT_EQ(run("url", "blog").out, "http://a.example.com\n");
  must("domains:clear", "blog");
  EXPECT_EQ(run("url", "blog").out, blog);
}

TEST_F(DomainsCommands, AGlobalDomainThatIsAnAddressGivesNoName) {
  must("domains:set-global", "192.0.2.1");
  must("apps:create", "blog");
  EXPECT_TRUE(routes("blog").own_port);
}

TEST_F(DomainsCommands, PortsThatSomebodyListensOnAreLeftAlone) {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(socket.get(), 1), 0);
  socklen_t size = sizeof address;
  ASSERT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string port = std::to_string(ntohs(address.sin_port));
  must("domains:set-property", "--global", "port-range", port + "-" + port);
  const Outcome outcome = run("apps:create", "blog");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("No free port is left between " + port), std::string::npos);
  EXPECT_EQ(run("apps:exists", "blog").status, 20);
}

TEST_F(DomainsCommands, DisabledNamesLeaveThePort) {
  must("domains:set-global", "example.com");
  must("apps:create", "blog");
  EXPECT_EQ(run("domains:enable", "blog").out,
            "-----> Domains (VHOST) support is already enabled for app (blog)\n");
  EXPECT_EQ(run("domains:disable", "blog").out, "-----> App virtual host support disabled\n");
  EXPECT_TRUE(routes("blog").own_port);
  EXPECT_TRUE(routes("blog").hosts.empty());
  must("domains:reset", "blog");
  EXPECT_EQ(routes("blog").hosts, std::vector<std::string>{"blog.example.com"});
}

TEST_F(DomainsCommands, ALeadingDotIsTheNameAndAllBelow) {
  must("apps:create", "blog");
  EXPECT_EQ(run("domains:add", "blog", ".blog.test").out,
            "-----> Added blog.test to blog\n-----> Added *.blog.test to blog\n");
  EXPECT_EQ(routes("blog").hosts, (std::vector<std::string>{"*.blog.test", "blog.test"}));
  edit("blog/VHOST", ".hand.test hand.test\n");
  EXPECT_EQ(run("domains:report", "blog", "--domains-app-vhosts").out, "hand.test *.hand.test\n");
}

TEST_F(DomainsCommands, FilesSayWhatTheStoreSays) {
  must("domains:set-global", "example.com");
  must("apps:create", "blog");
  EXPECT_EQ(home_file("VHOST"), "example.com\n");
  EXPECT_EQ(home_file("blog/VHOST"), "blog.example.com\n");
  must("domains:add", "blog", "a.example.com");
  EXPECT_EQ(home_file("blog/VHOST"), "blog.example.com\na.example.com\n");
  must("config:set", "blog", "SECRET=1");
  EXPECT_EQ(home_file("blog/ENV"), "(none)");
}

TEST_F(DomainsCommands, EditedFilesAreTakenUp) {
  edit("VHOST", "old.example.com # as in the tutorial\n");
  edit("HOSTNAME", "server.example.com\n");
  must("apps:create", "blog");
  EXPECT_EQ(run("url", "blog").out, "http://blog.old.example.com\n");
  edit("blog/VHOST", "hand.example.com\n");
  EXPECT_EQ(run("url", "blog").out, "http://hand.example.com\n");
  EXPECT_EQ(lifecycle_.taken(), std::vector<std::string>{"routes blog"});
  edit("blog/ENV", "export A='one two'\nB=3\n");
  EXPECT_EQ(run("config:get", "blog", "A").out, "one two\n");
  must("config:set", "blog", "C=4");
  EXPECT_EQ(home_file("blog/ENV"), "export A='one two'\nexport B='3'\nexport C='4'\n");
  must("domains:clear", "blog");
  const std::string url = run("url", "blog").out;
  EXPECT_EQ(url.substr(0, 26), "http://server.example.com:") << url;
}

TEST_F(DomainsCommands, AFileThatWasNotYetRewrittenIsNoEdit) {
  must("apps:create", "blog");
  must("domains:set", "blog", "first.example.com");
  const std::string old = home_file("blog/VHOST");
  must("domains:set", "blog", "second.example.com");
  edit("blog/VHOST", old);  // as after a crash between commit and file
  restart_daemon();
  EXPECT_EQ(run("url", "blog").out, "http://second.example.com\n");
}

TEST_F(DomainsCommands, AnEditBackToAnOldTextIsAnEdit) {
  must("apps:create", "blog");
  must("domains:set", "blog", "first.example.com");
  const std::string old = home_file("blog/VHOST");
  must("domains:set", "blog", "second.example.com");
  edit("blog/VHOST", old);
  EXPECT_EQ(run("url", "blog").out, "http://first.example.com\n");
}

TEST_F(DomainsCommands, MistakesInAFileAreNamed) {
  must("apps:create", "blog");
  const std::string before = dump();
  edit("blog/VHOST", "not/valid\n");
  const Outcome outcome = run("url", "blog");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("home/blog/VHOST: not/valid is invalid"), std::string::npos);
  EXPECT_EQ(dump(), before);
}

TEST_F(DomainsCommands, LinksInAnAppsFolderLeadNowhere) {
  must("domains:set-global", "example.com");
  must("apps:create", "blog");
  edit("secret", "stolen.example.com\n");
  std::filesystem::remove(instance_.home_dir / "blog/VHOST");
  std::filesystem::create_symlink("../secret", instance_.home_dir / "blog/VHOST");
  EXPECT_EQ(run("url", "blog").out, "http://blog.example.com\n");
  std::filesystem::remove_all(instance_.home_dir / "blog");
  std::filesystem::create_directory(folder_ / "elsewhere");
  std::filesystem::create_directory_symlink(folder_ / "elsewhere", instance_.home_dir / "blog");
  must("domains:add", "blog", "a.example.com");
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "elsewhere"));
}

}  // namespace
}  // namespace dokku::cli
