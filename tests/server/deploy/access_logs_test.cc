#include "server/deploy/access_logs.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

namespace dokku::server {
namespace {

namespace fs = std::filesystem;

class AccessLogs : public testing::Test {
 protected:
  AccessLogs() {
    std::string pattern = (fs::temp_directory_path() / "access.XXXXXX").string();
    instance_.proxy_logs_dir = ::mkdtemp(pattern.data());
  }
  ~AccessLogs() override {
    std::error_code ignored;
    fs::remove_all(instance_.proxy_logs_dir, ignored);
  }
  void write(const std::string& name) { std::ofstream(instance_.proxy_logs_dir / name) << name; }
  std::set<std::string> names() {
    std::set<std::string> all;
    for (const auto& entry : fs::directory_iterator(instance_.proxy_logs_dir)) {
      all.insert(entry.path().filename().string());
    }
    return all;
  }
  using Names = std::set<std::string>;
  Instance instance_;
};

TEST_F(AccessLogs, AreAnAppsByTheirNames) {
  for (const char* name : {"blog-access.log", "blog-error.log.1", "blog-access.log.gz",
                           "-access.log", "all.log", "blog-access-access.log.2"}) {
    write(name);
  }
  EXPECT_EQ(apps_with_access_logs(instance_), (Names{"blog", "blog-access"}));
  remove_access_logs(instance_, "blog");
  EXPECT_EQ(names(),
            (Names{"-access.log", "all.log", "blog-access-access.log.2", "blog-access.log.gz"}));
}

TEST_F(AccessLogs, MoveToANewNameThatHasNone) {
  for (const char* name :
       {"blog-access.log", "blog-access.log.1", "blog-error.log", "shop-error.log"}) {
    write(name);
  }
  move_access_logs(instance_, "blog", "shop");
  EXPECT_EQ(names(), (Names{"shop-access.log", "shop-access.log.1", "shop-error.log"}));
  EXPECT_EQ(access_log_file(instance_, "shop", AccessLogKind::error),
            instance_.proxy_logs_dir / "shop-error.log");
}

TEST_F(AccessLogs, NoFolderIsNoLogs) {
  instance_.proxy_logs_dir = "/nonexistent/logs";
  EXPECT_TRUE(apps_with_access_logs(instance_).empty());
  remove_access_logs(instance_, "blog");
}

}  // namespace
}  // namespace dokku::server
