// bench-seed DATABASE APP…: gives each app five releases, as five pushes would have, and stops it.
//
// For bench/commands, which needs hundreds of apps with a past and cannot push each for seconds.
// All else of these apps is made by commands. Through the store's own functions; dokkud must not
// run meanwhile.
#include <cstdio>
#include <string>
#include <vector>

#include "server/store/config.h"
#include "server/store/formation.h"
#include "server/store/releases.h"

namespace dokku::server {
namespace {

constexpr int kReleases = 5;

Release release_of(const std::string& app, int number, const ConfigVersion& config) {
  Release release;
  release.image_ref = "dokku/" + app + ":r" + std::to_string(number);
  release.image_digest = "sha256:" + std::string(64, static_cast<char>('a' + number));
  release.config = config;
  release.processes = {{"web", "exec python3 server.py"}, {"worker", "exec sleep 100000"}};
  release.has_procfile = true;
  release.revision = std::string(40, static_cast<char>('0' + number));
  release.git_ref = "refs/heads/main";
  release.pack = "Plain";
  release.by = "tester";
  release.why = "git-push";
  release.created_at = std::chrono::system_clock::now();
  return release;
}

Result<> seed(WriteTx& tx, const std::string& name) {
  const App app = TRY(find_app(tx, name));
  const ConfigVersion config = TRY(current_config_version(tx, app.id));
  for (int i = 1; i <= kReleases; ++i) {
    const std::uint64_t number = TRY(add_release(tx, app.id, release_of(name, i, config)));
    Release built = release_of(name, i, config);
    built.number = number;
    TRY(complete_build(tx, app.id, built));
    TRY(set_release_state(tx, app.id, number, ReleaseState::starting));
    TRY(set_release_state(tx, app.id, number, ReleaseState::live));
  }
  Formation counts{{"web", 1}, {"worker", 1}};
  TRY(save_formation(tx, app.id, counts));
  return set_app_stopped(tx, app.id, true);
}

Result<> run(int argc, char** argv) {
  const std::unique_ptr<Store> store = TRY(Store::open({.file = argv[1]}));
  for (int i = 2; i < argc; ++i) {
    TRY(store->write([&](WriteTx& tx) { return seed(tx, argv[i]); }));
  }
  return {};
}

}  // namespace
}  // namespace dokku::server

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: bench-seed DATABASE APP...\n", stderr);
    return 1;
  }
  const dokku::Result<> done = dokku::server::run(argc, argv);
  if (done) return 0;
  std::fprintf(stderr, "%s\n", done.error().message().c_str());
  return 1;
}
