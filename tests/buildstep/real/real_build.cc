// Builds of real apps by the bundled packs, in containers of the real stack.
//
// Takes root, containerd and the Debian archive; the stack is kept per machine (DOKKU_TEST_STACK,
// else /var/cache/dokku-tests/stack), as the other system tests keep it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "base/io.h"
#include "base/process.h"
#include "buildstep/buildpack/builder.h"
#include "runtime/containerd/connect.h"
#include "runtime/containerd/private_containerd.h"
#include "runtime/network/host_networks.h"
#include "tests/paths/paths.h"

namespace dokku::buildstep {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Printer : public Output {
 public:
  void step(std::string_view line) override { add("-----> " + std::string(line)); }
  void detail(std::string_view line) override { add("       " + std::string(line)); }
  void warn(std::string_view line) override { add(" !     " + std::string(line)); }
  void pack_line(std::string_view line) override { add(std::string(line)); }
  std::string text;

 private:
  void add(const std::string& line) {
    std::printf("    %s\n", line.c_str());
    text += line + "\n";
  }
};

template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "%s\n", result.error().message().c_str());
    std::abort();
  }
  return *std::move(result);
}

fs::path stack_directory() {
  const char* told = ::getenv("DOKKU_TEST_STACK");
  return told != nullptr ? told : "/var/cache/dokku-tests/stack";
}

// Everything below one directory and one containerd; removed at the end of the program.
class World : public ::testing::Environment {
 public:
  void SetUp() override {
    ASSERT_EQ(::geteuid(), 0U) << "needs root";
    std::string name = "/tmp/dokku-real-XXXXXX";
    root = ::mkdtemp(name.data());
    fs::permissions(root, fs::perms(0755));
    runtime::PrivateContainerdOptions own;
    own.socket = root / "run/containerd.sock";
    own.root = root / "containerd";
    process_ = must(runtime::PrivateContainerd::ensure(own));
    options_.socket = own.socket;
    options_.containerd_namespace = "dokku-real";
    options_.cgroup_parent = "/dokku-real-" + std::to_string(::getpid());
    client = std::make_unique<runtime::Containerd>(must(runtime::connect(options_)));
    runtime::HostNetworkOptions network;
    network.worker_program = tests::binary_dir() / "bin/dokku-worker";
    network.name = "rb" + std::to_string(::getpid() % 100000);
    network.state_dir = root / "state";
    network.run_dir = root / "run";
    networks = must(runtime::create_host_networks(network));
    const Result<> ensured = networks->ensure();
    ASSERT_TRUE(ensured.has_value()) << ensured.error().message();
    fs::create_directories(stack_directory());
    stack = make_stack({.dir = stack_directory()}, *client->images);
    const Result<> prepared = stack->ensure_base([](std::string_view line) {
      std::printf("    %.*s\n", static_cast<int>(line.size()), line.data());
    });
    ASSERT_TRUE(prepared.has_value()) << prepared.error().message();
    BuilderOptions builder_options;
    builder_options.builds_dir = root / "builds";
    builder_options.run_dir = root / "run/builds";
    builder_options.packs_dir = tests::source_dir() / "buildstep/packs";
    builder_options.pack_cache_dir = root / "packs";
    builder_options.init_program = tests::binary_dir() / "bin/dokku-init";
    builder = make_buildpack_builder(builder_options,
                                     {*client->containers, *client->images, *networks, *stack});
  }

  void TearDown() override {
    builder.reset();
    stack.reset();
    if (networks) {
      EXPECT_TRUE(networks->remove_all().has_value());
    }
    networks.reset();
    client.reset();
    if (process_) {
      EXPECT_TRUE(runtime::remove_everything(options_).has_value());
      EXPECT_TRUE(process_->stop().has_value());
    }
    std::error_code ignored;
    if (!root.empty()) fs::remove_all(root, ignored);
  }

  fs::path root;
  std::unique_ptr<runtime::Containerd> client;
  std::unique_ptr<runtime::Networks> networks;
  std::unique_ptr<Stack> stack;
  std::unique_ptr<BuildpackBuilder> builder;

 private:
  runtime::ContainerdOptions options_;
  std::unique_ptr<runtime::PrivateContainerd> process_;
};
World* const g_world = static_cast<World*>(::testing::AddGlobalTestEnvironment(new World));

class RealBuild : public ::testing::Test {
 protected:
  void SetUp() override {
    app_ = g_world->root / "app";
    fs::remove_all(app_);
    fs::create_directories(app_);
    request_.name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    request_.cache = g_world->root / "cache" / request_.name;
    request_.image = *runtime::ImageRef::parse("app/" + request_.name);
  }
  void write(const std::string& name, const std::string& text) {
    fs::create_directories((app_ / name).parent_path());
    std::ofstream(app_ / name) << text;
  }
  void example(const std::string& name) {
    fs::copy(tests::source_dir() / "examples" / name, app_, fs::copy_options::recursive);
  }

  Result<BuildResult> build() {
    const fs::path tar = g_world->root / "app.tar";
    Result<Process> packer = Process::start({.program = "/bin/tar",
                                             .arguments = {"tar", "--sort=name", "--mtime=@0", "-C",
                                                           app_.string(), "-cf", tar.string(), "."},
                                             .environment = {}});
    EXPECT_TRUE(packer->wait()->ok());
    request_.source = tar;
    request_.build_id = request_.name + ".b" + std::to_string(++number_);
    output_ = Printer();
    const TimePoint from = std::chrono::steady_clock::now();
    Result<BuildResult> result = g_world->builder->build(request_, output_, cancel_);
    const auto in_ms = [](Duration time) {
      return static_cast<long>(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
    };
    std::printf("    %ld ms:", in_ms(std::chrono::steady_clock::now() - from));
    for (const PhaseTime& phase : result ? result->times : std::vector<PhaseTime>()) {
      std::printf(" %s %ld (packs %ld)", phase.phase.c_str(), in_ms(phase.wall),
                  in_ms(phase.packs_own));
    }
    std::printf("\n");
    for (const auto& entry : fs::directory_iterator(g_world->root / "builds")) {
      EXPECT_EQ(entry.path().filename(), ".trash");
    }
    EXPECT_TRUE(must(g_world->client->containers->list({})).empty());
    return result;
  }

  // What a process of the image prints, started much as apps are.
  std::string run(const std::string& command) {
    const runtime::ContainerId id = *runtime::ContainerId::parse("try." + std::to_string(++tries_));
    runtime::ContainerSpec spec{.id = id, .image = request_.image};
    spec.env = {"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/app", "LANG=C.UTF-8", "PORT=5000"};
    const fs::path out = g_world->root / "out";
    fs::remove(out);
    std::ofstream(out).close();
    fs::permissions(out, fs::perms(0666));
    spec.mounts = {{out, "/out", false}};
    spec.args = {"/bin/bash", "-c",
                 "cd /app; for f in .profile.d/*.sh; do [ -e $f ] && . $f; done; { " + command +
                     "\n} > /out 2>&1"};
    must(g_world->client->containers->create(spec).has_value()
             ? Result<int>(0)
             : Result<int>(fail(Errc::internal, "create")));
    must(g_world->client->containers->start(id, {}));
    const Result<runtime::Exit> exit =
        g_world->client->containers->wait(id, std::chrono::seconds(60));
    EXPECT_TRUE(exit.has_value());
    EXPECT_TRUE(g_world->client->containers->remove(id).has_value());
    return *read_file(out);
  }

  // The app's answer to a request, served by `web` inside the same container.
  std::string answer_of(const std::string& web) {
    return run("{ " + web +
               "; } & for n in $(seq 100); do curl -s http://127.0.0.1:5000/ && break; "
               "sleep 0.1; done; kill $!");
  }

  fs::path app_;
  BuildRequest request_{.image = *runtime::ImageRef::parse("app")};
  Printer output_;
  CancelToken cancel_ = *CancelToken::create();
  int number_ = 0;
  static int tries_;
};
int RealBuild::tries_ = 0;

TEST_F(RealBuild, NullPackServesThePythonExample) {
  example("python-hello");
  Result<BuildResult> result = build();
  ASSERT_TRUE(result.has_value()) << result.error().message();
  EXPECT_EQ(result->pack_name, "Null");
  EXPECT_THAT(answer_of(result->processes.at("web")), HasSubstr("Hello from Python 3."));
  // Again, with one line changed: what a second push costs.
  write("VERSION", "2");
  result = build();
  ASSERT_TRUE(result.has_value()) << result.error().message();
}

TEST_F(RealBuild, NodePackServesTheNodeExample) {
  example("node-hello");
  const Result<BuildResult> first = build();
  ASSERT_TRUE(first.has_value()) << first.error().message();
  EXPECT_EQ(first->pack_name, "Node.js");
  EXPECT_EQ(first->processes.at("web"), "npm start");
  EXPECT_THAT(answer_of(first->processes.at("web")), HasSubstr("Hello from Node.js v"));
  write("VERSION", "2");
  const Result<BuildResult> second = build();
  ASSERT_TRUE(second.has_value()) << second.error().message();
  EXPECT_THAT(output_.text, HasSubstr("using node_modules from the cache"));
  // Runtime and dependencies are the layers of the first push.
  const std::size_t layers = first->image.layers.size();
  ASSERT_EQ(second->image.layers.size(), layers);
  EXPECT_EQ(second->image.layers[layers - 3].digest, first->image.layers[layers - 3].digest);
  EXPECT_EQ(second->image.layers[layers - 2].digest, first->image.layers[layers - 2].digest);
}

TEST_F(RealBuild, StaticPackServesTheStaticExample) {
  example("static-hello");
  const Result<BuildResult> result = build();
  ASSERT_TRUE(result.has_value()) << result.error().message();
  EXPECT_THAT(answer_of(result->processes.at("web")), HasSubstr("Hello from a static site"));
}

TEST_F(RealBuild, PythonPackInstallsWheelsFromTheTree) {
  write("Procfile", "web: python3 app.py\n");
  write("requirements.txt", "greet==1.0\n");
  write("app.py", "import greet\nprint(greet.hello())\n");
  const std::string zip =
      "import zipfile, sys\n"
      "with zipfile.ZipFile(sys.argv[1] + '/wheels/greet-1.0-py3-none-any.whl', 'w') as z:\n"
      "  z.writestr('greet.py', \"def hello(): return 'from a wheel'\\n\")\n"
      "  z.writestr('greet-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: "
      "greet\\nVersion: 1.0\\n')\n"
      "  z.writestr('greet-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: "
      "true\\nTag: py3-none-any\\n')\n"
      "  z.writestr('greet-1.0.dist-info/RECORD', 'greet.py,,\\n')\n";
  fs::create_directories(app_ / "wheels");
  Result<Process> maker = Process::start({.program = "/usr/bin/python3",
                                          .arguments = {"python3", "-c", zip, app_.string()},
                                          .environment = {}});
  ASSERT_TRUE(maker->wait()->ok());
  const Result<BuildResult> result = build();
  ASSERT_TRUE(result.has_value()) << result.error().message();
  EXPECT_EQ(result->pack_name, "Python");
  EXPECT_EQ(run(result->processes.at("web")), "from a wheel\n");
}

TEST_F(RealBuild, ContainersKeepTheContract) {
  write("pack/bin/detect", "#!/bin/bash\necho Probe\n");
  write("pack/bin/compile",
        "#!/bin/bash\n"
        "id -un; pwd; stat -c '%a %U' $3; touch /app/left-over && echo /app is writable\n"
        "read x < /dev/stdin || echo stdin is empty\n"
        "(sleep 1000 &) ; [ -e /run/docker.sock ] || echo no socket\n"
        "curl -s --max-time 2 http://169.254.169.254/ > /dev/null || echo no metadata\n"
        "grep -c CERT /etc/ssl/certs/ca-certificates.crt > /dev/null && echo certificates\n");
  request_.config["BUILDPACK_URL"] = (app_ / "pack").string();
  request_.config["ODD"] = "two\nlines 'q' $(id)";
  write("Procfile", "web: x\n");
  const Result<BuildResult> result = build();
  ASSERT_TRUE(result.has_value()) << result.error().message();
  EXPECT_THAT(output_.text,
              HasSubstr("       dokku\n       /tmp/buildpacks/00_pack\n       700 dokku\n"
                        "       /app is writable\n       stdin is empty\n       no socket\n"
                        "       no metadata\n       certificates\n"));
  EXPECT_EQ(run("ls -a /app | grep left; stat -c '%U %a' /app; echo \"$PORT\" # a comment"),
            "dokku 755\n5000\n");
}

TEST_F(RealBuild, OutOfMemoryNamesTheLimit) {
  write("pack/bin/detect", "#!/bin/bash\necho Hungry\n");
  write("pack/bin/compile", "#!/bin/bash\nexec python3 -c 'x = bytearray(1 << 30)'\n");
  request_.config["BUILDPACK_URL"] = (app_ / "pack").string();
  request_.limits.memory_bytes = 200 << 20;
  const Result<BuildResult> result = build();
  ASSERT_FALSE(result.has_value());
  EXPECT_THAT(result.error().message(), HasSubstr("a build may use 200 MB"));
}

}  // namespace
}  // namespace dokku::buildstep
