#include <fcntl.h>

#include "base/atomic_file.h"
#include "base/io.h"
#include "fixture.h"
#include "server/certificates/certificate.h"

namespace dokku::cli {
namespace {

class CertsCommands : public CommandsTest {
 protected:
  void SetUp() override {
    CommandsTest::SetUp();
    must("domains:set-global", "example.com");
    must("apps:create", "blog");
  }
  // As somebody on the server, whose files can be read.
  Outcome add_pair(const server::KeyPair& pair) {
    class OnTheServer final : public FakeSession {
     public:
      Result<UniqueFd> open_callers_file(const std::string& path) override {
        return open_file(path, O_RDONLY);
      }
    } session;
    put("pair.crt", pair.chain);
    put("pair.key", pair.key);
    const std::string home = instance_.home_dir.string();
    return run_in(session, {"certs:add", "blog", home + "/pair.crt", home + "/pair.key"});
  }
  void put(const std::string& path, const std::string& text) {
    ASSERT_TRUE(write_file_atomically(instance_.home_dir / path, text));
  }
};

TEST_F(CertsCommands, GenerateServesItsName) {
  EXPECT_EQ(run("certs:report", "blog", "--ssl-enabled").out, "false\n");
  EXPECT_EQ(run("certs:report", "--global", "--format", "json").out, "{}\n");
  EXPECT_EQ(run("certs:report", "--global").out, "=====> --global ssl information\n");
  const Outcome made = run("certs:generate", "blog", "blog.example.com");
  EXPECT_EQ(made.status, 0) << made;
  EXPECT_EQ(made.out.rfind("-----> Installing certificate and key...\n", 0), 0U) << made;
  EXPECT_EQ(run("certs:report", "blog", "--ssl-enabled").out, "true\n");
  EXPECT_EQ(run("certs:report", "blog", "--ssl-hostnames").out, "blog.example.com\n");
  EXPECT_EQ(run("certs:report", "blog", "--ssl-verified").out, "self signed\n");
  EXPECT_EQ(run("ports:report", "blog", "--ports-map-detected").out,
            "http:80:5000 https:443:5000\n");
  EXPECT_EQ(run("certs:generate", "blog", "blog.example.com").out,
            "-----> blog has an SSL endpoint already defined\n");
  EXPECT_EQ(run("certs:show", "blog", "crt").out.rfind("-----BEGIN CERTIFICATE-----", 0), 0U);
  EXPECT_EQ(run("certs:show", "blog", "key").out.rfind("-----BEGIN PRIVATE KEY-----", 0), 0U);
  EXPECT_EQ(run("url", "blog").out, "https://blog.example.com\n");
  EXPECT_EQ(run("urls", "blog").out, "http://blog.example.com\nhttps://blog.example.com\n");
}

TEST_F(CertsCommands, MapsThatAreSetGetAWayForTheCertificate) {
  must("ports:set", "blog", "http:8080:5001", "http:80:5002");
  const server::KeyPair pair = *server::make_self_signed("blog.example.com", std::chrono::hours(9));
  EXPECT_EQ(add_pair(pair).status, 0);
  EXPECT_EQ(run("ports:report", "blog", "--ports-map").out,
            "http:80:5002 http:8080:5001 https:443:5002\n");
  must("ports:set", "blog", "https:8443:5003");
  EXPECT_EQ(add_pair(pair).status, 0);
  EXPECT_EQ(run("ports:report", "blog", "--ports-map").out, "https:8443:5003\n");
}

TEST_F(CertsCommands, APairPutThereByHandIsTakenOnce) {
  const std::string folder = (instance_.home_dir / "blog/tls").string();
  EXPECT_EQ(run("certs:report", "blog", "--ssl-dir").out, folder + "\n");
  const server::KeyPair pair = *server::make_self_signed("blog.example.com", std::chrono::hours(9));
  std::filesystem::create_directories(folder);
  put("blog/tls/server.crt", pair.chain);
  EXPECT_EQ(run("certs:report", "blog", "--ssl-enabled").out, "false\n");
  put("blog/tls/server.key", pair.key);
  EXPECT_EQ(run("url", "blog").out, "https://blog.example.com\n");
  EXPECT_EQ(lifecycle_.taken(), std::vector<std::string>{"routes blog"});
  must("certs:remove", "blog");
  restart_daemon();
  EXPECT_EQ(run("certs:report", "blog", "--ssl-enabled").out, "false\n");
  const server::KeyPair other = *server::make_self_signed("b.example.com", std::chrono::hours(9));
  put("blog/tls/server.crt", other.chain);
  EXPECT_NE(run("url", "blog").err.find("blog/tls/server.crt: The key does not belong"),
            std::string::npos);
  put("blog/tls/server.key", other.key);
  EXPECT_EQ(run("certs:report", "blog", "--ssl-hostnames").out, "b.example.com\n");
  must("--force", "apps:destroy", "blog");
  EXPECT_FALSE(std::filesystem::exists(instance_.home_dir / "blog"));
}

TEST_F(CertsCommands, AnExpiredOneIsTakenWithAWarning) {
  const server::KeyPair old = *server::make_self_signed("blog.example.com", std::chrono::hours(-1));
  const Outcome added = add_pair(old);
  EXPECT_EQ(added.status, 0) << added;
  EXPECT_NE(added.err.find(" !     The certificate expired on "), std::string::npos) << added;
  EXPECT_NE(added.err.find("dokku certs:update blog server.crt server.key"), std::string::npos);
}

TEST_F(CertsCommands, WhatDokkuHasNotEitherSaysSo) {
  EXPECT_EQ(run("certs:chain", "a.crt"),
            (Outcome{1, "",
                     " !     `certs:chain` is not implemented, here as in Dokku.\n"
                     " !     Instead: dokku certs:show APP crt\n"}));
  EXPECT_EQ(run("certs:key", "a.crt", "a.key").status, 1);
  EXPECT_EQ(run("certs:rollback", "nobody").status, 20);
  EXPECT_NE(run("certs:rollback", "blog").err.find("dokku certs:update blog"), std::string::npos);
  EXPECT_NE(run("certs:help").out.find("[NOT IMPLEMENTED]"), std::string::npos);
}

TEST_F(CertsCommands, RemoveAndShowSayWhenThereIsNone) {
  EXPECT_EQ(run("certs:remove", "blog"),
            (Outcome{1, "", " !     An app-specific SSL endpoint is not defined\n"}));
  EXPECT_EQ(run("certs:show", "blog", "crt").err,
            " !     blog doesn't have an SSL endpoint defined\n");
  EXPECT_EQ(run("certs:show", "blog").err, " !     specify either 'key' or 'crt'\n");
  must("certs:generate", "blog", "blog.example.com");
  EXPECT_EQ(run("certs:remove", "blog").out, "-----> Removing SSL endpoint from blog\n");
  EXPECT_EQ(run("certs:report", "blog", "--ssl-enabled").out, "false\n");
}

TEST_F(CertsCommands, WhatIsNoCertificateIsNotStored) {
  FakeSession session;
  session.stdin_ = std::string(1024, '\0');
  EXPECT_EQ(run_in(session, {"certs:add", "blog"}).err,
            " !     Tar archive is missing .crt file\n");
  EXPECT_EQ(run("certs:add", "blog", "/nowhere.crt", "/nowhere.key").err,
            " !     CRT file specified not found, please check file paths\n");
  EXPECT_EQ(run("certs:report", "blog", "--ssl-enabled").out, "false\n");
}

}  // namespace
}  // namespace dokku::cli
