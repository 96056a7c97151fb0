#include "server/model/app_json.h"

#include <gtest/gtest.h>

namespace dokku::server {
namespace {

using namespace std::chrono_literals;
using Kind = HealthCheck::Kind;
using Stage = HealthCheck::Stage;

std::string refusal(std::string_view text) {
  const auto parsed = parse_app_json(text);
  return parsed ? "parsed" : parsed.error().message();
}

TEST(AppJson, ChecksOfEachKind) {
  const auto json = parse_app_json(R"({
    // a comment
    "healthchecks": {
      "web": [
        {"type": "startup", "name": "up", "path": "/health", "content": "ok", "attempts": 7,
         "wait": 1, "timeout": 2, "initialDelay": 3, "port": 8080, "scheme": "https",
         "httpHeaders": [{"name": "X-A", "value": "b c"}], "warn": true,},
        {"type": "liveness", "listening": true}, /* another */
      ],
      "worker": [{"type": "startup", "command": ["test", "-f", "x"]},
                 {"type": "startup", "uptime": 4}, {"type": "readiness"}],
    },
  })");
  ASSERT_TRUE(json) << json.error().message();
  const auto& web = json->checks.at("web");
  ASSERT_EQ(web.size(), 2U);
  EXPECT_EQ(web[0].name, "up");
  EXPECT_EQ(web[0].kind, Kind::path);
  EXPECT_EQ(web[0].path, "/health");
  EXPECT_EQ(web[0].content, "ok");
  EXPECT_EQ(web[0].attempts, 7U);
  EXPECT_EQ(web[0].wait, 1s);
  EXPECT_EQ(web[0].timeout, 2s);
  EXPECT_EQ(web[0].initial_delay, 3s);
  EXPECT_EQ(web[0].port, 8080);
  EXPECT_TRUE(web[0].https);
  EXPECT_TRUE(web[0].warn_only);
  ASSERT_EQ(web[0].headers.size(), 1U);
  EXPECT_EQ(web[0].headers[0].second, "b c");
  EXPECT_EQ(web[1].stage, Stage::liveness);
  EXPECT_EQ(web[1].kind, Kind::listening);
  const auto& worker = json->checks.at("worker");
  ASSERT_EQ(worker.size(), 3U);
  EXPECT_EQ(worker[0].command, (std::vector<std::string>{"test", "-f", "x"}));
  EXPECT_EQ(worker[1].uptime, 4s);
  EXPECT_EQ(worker[2].kind, Kind::uptime);
  EXPECT_EQ(worker[2].name, "worker-3");
}

TEST(AppJson, FormationOfTypesWithAQuantity) {
  const auto json = parse_app_json(
      R"({"formation": {"web": {"quantity": 2}, "worker": {"max_parallel": 3}}, "name": "x"})");
  ASSERT_TRUE(json);
  EXPECT_EQ(json->quantities, (Formation{{"web", 2}}));
}

TEST(AppJson, TextInStringsIsNoComment) {
  const auto json = parse_app_json(
      R"({"healthchecks": {"web": [{"type": "startup", "path": "//x/*y*/", "content": "\",}"}]}})");
  ASSERT_TRUE(json) << json.error().message();
  EXPECT_EQ(json->checks.at("web")[0].path, "//x/*y*/");
  EXPECT_EQ(json->checks.at("web")[0].content, "\",}");
}

TEST(AppJson, WhatDoesNotParseIsPlaced) {
  EXPECT_EQ(refusal("{\n  \"a\": nope\n}"), "Cannot parse app.json as jsonc: line 2, column 9");
  EXPECT_EQ(refusal("[]"), "Cannot parse app.json as jsonc: it is not an object");
  EXPECT_EQ(refusal(std::string(100, '[')),
            "Cannot parse app.json as jsonc: it is nested too deeply");
  EXPECT_EQ(refusal(std::string(300'000, ' ')),
            "Cannot parse app.json as jsonc: it is over 256 kB");
  EXPECT_TRUE(parse_app_json(""));
}

TEST(AppJson, WrongChecksAreNamed) {
  const auto check = [](const std::string& fields) {
    return refusal(R"({"healthchecks": {"web": [{"name": "n", )" + fields + "}]}}");
  };
  const std::string named = "app.json: a healthcheck of web, 'n': ";
  EXPECT_EQ(check(R"("type": "sometimes", "path": "/")"),
            named + "its type must be startup, readiness or liveness");
  EXPECT_EQ(check(R"("type": "startup", "path": "x")"),
            named + "its path does not begin with a slash");
  EXPECT_EQ(check(R"("type": "startup", "path": "/a\r\nX: y")"),
            named + "its path does not begin with a slash");
  EXPECT_EQ(check(R"("type": "startup", "path": "/", "uptime": 3)"),
            named + "it has more than one of path, command, listening and uptime");
  EXPECT_EQ(check(R"("type": "startup", "attempts": 0)"),
            named + "attempts, wait, timeout, initialDelay and port are whole numbers");
  EXPECT_EQ(check(R"("type": "startup", "command": "rm -rf /")"),
            named + "its command is not a list of words");
  EXPECT_EQ(check(R"("type": "startup", "httpHeaders": [{"name": "A", "value": "b\r\nC: d"}])"),
            named + "httpHeaders is a list of name and value");
}

TEST(AppJson, VariablesScriptsAndBuildpacks) {
  const auto json = parse_app_json(R"({
    "env": {"PLAIN": "text", "COUNT": 3, "ON": true,
            "SECRET_KEY": {"generator": "secret", "description": "for cookies"},
            "OPTIONAL": {"required": false}, "ASKED": {"description": "no default"},
            "PINNED": {"value": "v", "sync": true}},
    "scripts": {"postdeploy": "seed", "dokku": {"predeploy": "pre", "postdeploy": "post"}},
    "buildpacks": [{"url": "heroku/nodejs"}, {"url": "https://x.example/y.git"}]
  })");
  ASSERT_TRUE(json) << json.error().message();
  std::map<std::string, EnvWish> env;
  for (const EnvWish& wish : json->env) env[wish.key] = wish;
  ASSERT_EQ(env.size(), 7U);
  EXPECT_EQ(env["PLAIN"].value, "text");
  EXPECT_EQ(env["COUNT"].value, "3");
  EXPECT_EQ(env["ON"].value, "true");
  EXPECT_TRUE(env["SECRET_KEY"].secret);
  EXPECT_FALSE(env["OPTIONAL"].required);
  EXPECT_TRUE(env["ASKED"].required);
  EXPECT_EQ(env["ASKED"].value, std::nullopt);
  EXPECT_TRUE(env["PINNED"].sync);
  EXPECT_EQ(json->first_postdeploy, "seed");
  EXPECT_EQ(json->predeploy, "pre");
  EXPECT_EQ(json->postdeploy, "post");
  EXPECT_EQ(json->buildpacks,
            (std::vector<std::string>{"heroku/nodejs", "https://x.example/y.git"}));
  EXPECT_TRUE(json->remarks.empty());
}

TEST(AppJson, WhatIsWrongWithAVariableOrAScriptIsNamed) {
  EXPECT_EQ(refusal(R"({"env": {"A-B": "x"}})"), "app.json: env: Invalid key name: 'A-B'");
  EXPECT_EQ(refusal(R"({"env": []})"), "app.json: env is not an object");
  EXPECT_EQ(refusal(R"({"env": {"A": ["x"]}})"),
            "app.json: env: A is neither a text nor an object");
  EXPECT_EQ(refusal(R"({"scripts": {"dokku": {"predeploy": ["x"]}}})"),
            "app.json: the script predeploy is not a command line");
}

TEST(AppJson, WhatIsNotDoneIsSaid) {
  const auto json = parse_app_json(R"({
    "cron": [{"command": "x", "schedule": "@daily"}],
    "healthchecks": {"web": [{"name": "front", "path": "/"}]}})");
  ASSERT_TRUE(json) << json.error().message();
  ASSERT_EQ(json->remarks.size(), 2U);
  EXPECT_EQ(json->remarks[0].substr(0, json->remarks[0].find('\n')),
            "app.json: a healthcheck of web, 'front', is not run: it has no type");
  EXPECT_EQ(json->remarks[1].substr(0, json->remarks[1].find('\n')),
            "app.json: cron is not there yet, none of its commands will run");
  EXPECT_TRUE(json->checks.at("web").empty());
}

}  // namespace
}  // namespace dokku::server
