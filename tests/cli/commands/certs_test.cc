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
};

TEST_F(CertsCommands, GenerateServesItsName) {
  EXPECT_EQ(run("certs:report", "blog", "--ssl-enabled").out, "false\n");
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
