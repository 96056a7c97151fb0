// What of an app shall run, derived from the store: the release, its processes, counts,
// environment.
//
// The live release is what people see; the *running* one is whose containers serve. They differ
// after a push that changed nothing: it makes a release without touching a process.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/model/formation.h"
#include "server/model/release.h"
#include "server/store/apps.h"
#include "server/supervise/executor.h"

namespace dokku::server {

// The number of the release whose containers serve; none: nothing was ever started, or torn down.
Result<std::optional<std::uint64_t>> running_number(const ReadTx& tx, AppId app);
Result<> set_running_number(WriteTx& tx, AppId app, std::optional<std::uint64_t> running);

// The release that a push built and did not deploy, since ps:set skip-deploy says so; none: there
// is none, or what is live is newer.
Result<std::optional<Release>> waiting_release(const ReadTx& tx, AppId app);
Result<> set_waiting_number(WriteTx& tx, AppId app, std::optional<std::uint64_t> waiting);

// Counts of the process types that the release has. Without a Procfile only "web" starts by itself.
Formation effective_formation(const Release& release, const Formation& asked);

// Counts that the repository itself says, in app.json's formation or DOKKU_SCALE; ps:scale is then
// locked. Empty: it does not.
Formation fixed_formation(const Release& release);
// What is set; where the repository says counts, types that it does not name are at 0 but for web.
Result<Formation> set_formation(const ReadTx& tx, AppId app, const Release& release);

// `release` of `app` with the counts as they are set now.
Result<ReleaseWanted> wanted_release(const ReadTx& tx, const App& app, const Release& release);
// What shall run now; none: not deployed, or stopped.
Result<std::optional<ReleaseWanted>> wanted_now(const ReadTx& tx, const App& app);

// All that the release wants is ready: of each type as many as are counted.
bool all_ready(const std::vector<InstanceSeen>& instances, const ReleaseWanted& wanted);

// Whether it comes back after a reboot, and restarts when its config changes (ps:set restore). One
// that ps:stop stopped does neither, whatever this says.
Result<bool> is_restored(const ReadTx& tx, AppId app);
inline constexpr const char* kRestore = "ps.restore";

// Whether pushes and rebuilds only build (ps:set skip-deploy).
Result<bool> skips_deploy(const ReadTx& tx, AppId app);
inline constexpr const char* kSkipDeploy = "ps.skip-deploy";

// Seconds that processes get to end after SIGTERM.
Result<unsigned> stop_timeout(const ReadTx& tx, AppId app);
inline constexpr const char* kStopTimeout = "ps.stop-timeout-seconds";

// Where the processes of a release listen.
std::uint16_t port_of(const Release& release);
// Where those that serve now do; none: nothing runs.
Result<std::optional<std::uint16_t>> served_port(const ReadTx& tx, AppId app);

// The environment of a process: packs' defaults, then config as of the release, then GIT_REV.
Result<Environment> process_environment(const ReadTx& tx, AppId app, const Release& release);
// The app's storage, as mounts of its containers.
Result<std::vector<runtime::Mount>> storage_mounts(const ReadTx& tx, AppId app);
inline constexpr const char* kStorageMounts = "storage.mounts";

// "no", "always", "unless-stopped", "on-failure", "on-failure:10". Nothing: none of these.
std::optional<RestartPolicy> parse_restart_policy(std::string_view text);
inline constexpr const char* kRestartPolicy = "ps.restart-policy";
inline constexpr const char* kProcfilePath = "ps.procfile-path";
inline constexpr const char* kAppJsonPath = "app-json.appjson-path";
inline constexpr const char* kStartCommand = "ps.start-cmd";

}  // namespace dokku::server
