// dokkud: the control plane.
//
//   dokkud --config FILE                    serve commands until SIGTERM
//   dokkud --config FILE --prepare-stack    build the base that apps are built on, then end
//   dokkud --config FILE --schema-back N    take the database back to schema N, for an older dokkud
//   dokkud --config FILE --become-containerd  write the private containerd's configuration, be it;
//                                           for its unit. --containerd-is-kept: the unit does it
//   dokkud --facts                          its version and the schema that it knows, for upgrades
//   dokkud --list-crash-points              where tests may kill it: --crash-at NAME[:N]
//                                           or @FILE; --trace-crash-points FILE: which are passed
//
// Its other half is dokku-worker, which parses strangers' bytes.
//
// This file builds the parts in the order of their needs and passes them in. All that is true lies
// in the store and in containerd: killing this program at any instant loses nothing.
#include <fcntl.h>
#include <malloc.h>
#include <pwd.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <thread>

#include "base/atomic_file.h"
#include "base/io.h"
#include "base/log.h"
#include "base/notify.h"
#include "buildstep/buildpack/builder.h"
#include "buildstep/source/worker_call.h"
#include "buildstep/stack/stack.h"
#include "cli/commands/help.h"
#include "cli/commands/manual.h"
#include "cli/commands/registry.h"
#include "cli/session/server.h"
#include "dokkud_arguments.h"
#include "proxy/control/client.h"
#include "runtime/containerd/connect.h"
#include "runtime/containerd/private_containerd.h"
#include "runtime/network/host_networks.h"
#include "server/daemons/watchdog.h"
#include "server/deploy/crashing_parts.h"
#include "server/deploy/deploys.h"
#include "server/deploy/log_limits.h"
#include "server/deploy/opening_routes.h"
#include "server/logs/keeper.h"
#include "server/model/upgrade_record.h"
#include "server/model/upkeep.h"
#include "server/platform/deploy_lifecycle.h"
#include "server/platform/platform.h"
#include "server/platform/strangers.h"
#include "server/setup_door/door.h"
#include "server/setup_door/questions.h"
#include "server/store/passage.h"
#include "server/supervise/local_executor.h"

namespace {

using namespace dokku;            // NOLINT: this file is the program
using namespace dokku::server;    // NOLINT
using namespace dokku::programs;  // NOLINT

// How long commands may take to end when the daemon is asked to.
constexpr auto kStopGrace = std::chrono::seconds(10);

Result<> make_directories(const Instance& instance) {
  std::error_code error;
  for (const auto& directory : {instance.state_dir, instance.home_dir, instance.run_dir,
                                instance.stack_dir, instance.git_dir(), instance.sources_dir(),
                                instance.builds_dir(), instance.cache_dir(), instance.logs_dir()}) {
    std::filesystem::create_directories(directory, error);
    if (error) return fail(Errc::internal, directory.string() + ": " + error.message());
  }
  return {};
}

// One daemon per instance; the kernel lets go of it when we die.
Result<UniqueFd> lock_instance(const Instance& instance) {
  UniqueFd lock = TRY(open_file(instance.state_dir / "dokkud.lock", O_RDWR | O_CREAT));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) == 0) return lock;
  return fail(Errc::already_exists, "another dokkud serves the instance " + instance.name);
}

struct SshUser {
  uid_t uid = 0;
  gid_t gid = 0;
};

std::optional<SshUser> find_ssh_user(const std::string& name) {
  const passwd* found = ::getpwnam(name.c_str());
  if (found == nullptr) return std::nullopt;
  return SshUser{found->pw_uid, found->pw_gid};
}

runtime::PrivateContainerdOptions private_containerd_options(const Instance& instance) {
  runtime::PrivateContainerdOptions options;
  options.socket = instance.containerd_socket;
  options.root = instance.containerd_root;
  options.pid_file = instance.run_dir / "containerd.pid";
  return options;
}

Result<std::unique_ptr<runtime::PrivateContainerd>> own_containerd(const Instance& instance) {
  if (!instance.private_containerd) return std::unique_ptr<runtime::PrivateContainerd>();
  return runtime::PrivateContainerd::ensure(private_containerd_options(instance));
}

runtime::ContainerdOptions containerd_options(const Instance& instance, const Upkeep& upkeep) {
  runtime::ContainerdOptions options;
  options.socket = instance.containerd_socket;
  options.containerd_namespace = instance.containerd_namespace();
  options.cgroup_parent = upkeep.cgroup_parent;
  return options;
}

std::string worker_program(const Instance& instance) {
  return (instance.helpers_dir / "dokku-worker").string();
}

buildstep::StackOptions stack_options(const Instance& instance) {
  return {.dir = instance.stack_dir, .worker_program = worker_program(instance)};
}

runtime::HostNetworkOptions network_options(const Instance& instance, const Upkeep& upkeep) {
  runtime::HostNetworkOptions options;
  options.name = instance.name;
  options.state_dir = instance.state_dir;
  options.run_dir = instance.run_dir;
  options.public_ports = {instance.http_port};
  if (instance.https_port != 0) options.public_ports.push_back(instance.https_port);
  options.range = upkeep.subnet;
  options.worker_program = worker_program(instance);
  return options;
}

// Longer than a link lives; the door closes the channel when it ends.
constexpr auto kSetupPageLimit = std::chrono::hours(24);

Result<> show_in_worker(const Instance& instance, int listener, int channel) {
  const Result<std::string> shown = buildstep::call_worker({.program = worker_program(instance),
                                                            .task = "setup-page",
                                                            .more_fds = {listener, channel},
                                                            .limit = kSetupPageLimit},
                                                           nullptr);
  return shown ? Result<>() : Result<>(Fail(shown.error()));
}

buildstep::BuilderOptions builder_options(const Instance& instance) {
  buildstep::BuilderOptions options;
  options.builds_dir = instance.builds_dir();
  options.run_dir = instance.run_dir / "builds";
  options.packs_dir = instance.helpers_dir / "packs";
  options.pack_cache_dir = instance.cache_dir() / "packs";
  options.init_program = instance.helpers_dir / "dokku-init";
  options.ssh_dir = instance.home_dir / ".ssh";
  options.worker_program = worker_program(instance);
  return options;
}

// Another version than the last may open it: a snapshot first, and the way back where an upgrade is
// undone.
Result<std::unique_ptr<Store>> open_store(const Instance& instance) {
  PassageOptions options;
  options.file = instance.database();
  options.snapshots = instance.state_dir / "snapshots";
  options.stamp = stamp_of(std::chrono::system_clock::now());
  const auto upgrade = UpgradeRecord::load(instance);
  if (upgrade && upgrade->under_way()) {
    options.stamp = stamp_of(upgrade->begun);
    options.next_version = upgrade->wanted();
    options.may_go_back = upgrade->leads_back();
  }
  const Passage passage = TRY(pass_on(options));
  if (!passage.cost.empty()) {
    TRY(write_file_atomically(way_back_file(instance), passage.cost + "\n"));
  }
  return Store::open({.file = instance.database()});
}

// What touches the machine: containerd, networks, the builder, the proxy. Built bottom up.
struct Machine {
  std::unique_ptr<runtime::PrivateContainerd> containerd;
  runtime::Containerd runtime;
  std::unique_ptr<runtime::Networks> networks;
  std::unique_ptr<proxy::RouteControl> routes;
  HostSide host;

  static Result<Machine> build(const Instance& instance, const Upkeep& upkeep) {
    Machine machine;
    machine.containerd = TRY(own_containerd(instance));
    machine.runtime = TRY(runtime::connect(containerd_options(instance, upkeep)));
    machine.networks = TRY(runtime::create_host_networks(network_options(instance, upkeep)));
    TRY(machine.networks->ensure());
    machine.routes = proxy::connect_route_control(instance.proxy_socket());
    machine.host.tools = TRY(install_tools(instance.helpers_dir, instance.state_dir));
    machine.host.logs_dir = instance.logs_dir();
    machine.host.resolv_conf = machine.networks->resolv_conf();
    machine.host.ca_bundle = host_ca_bundle();
    machine.host.storage_dir = instance.storage_dir();
    return machine;
  }
};

// Everything on top of a machine and a store. Members in the order of their needs.
class Daemon {
 public:
  Daemon(const Instance& instance, std::filesystem::path config_file, Store& store,
         Machine& machine, CrashPoints& points)
      : instance_(instance),
        containers_(*machine.runtime.containers, points),
        images_(*machine.runtime.images, points),
        networks_(*machine.networks, points),
        opening_routes_(*machine.routes, *machine.networks),
        routes_(opening_routes_, points),
        stack_(buildstep::make_stack(stack_options(instance), images_)),
        builder_(buildstep::make_buildpack_builder(builder_options(instance),
                                                   {containers_, images_, networks_, *stack_})),
        executor_(
            {containers_, networks_, *clock_, machine.host, instance.run_dir / "streams", {}}),
        deploys_(
            {instance, store, *clock_, executor_, *builder_, images_, routes_, points,
             [](const ReadTx& tx, const App& app) { return route_spec(tx, app); },
             [this](const App& app) { return platform_.domains.urls(app); },
             [this](const App& app, const ConfigValues& values, const std::string& by) {
               return platform_.config.set_for_deploy(app, values, by);
             },
             [this](WriteTx& tx, const App& app, std::uint64_t version, const std::string& by) {
               return platform_.config.bring_back(tx, app, version, by);
             },
             [this](const App& app) { platform_.config.written(app); }}),
        lifecycle_(store, deploys_),
        door_({store, *clock_, instance.http_port,
               [this](const proxy::Group& group) { return deploys_.routes().publish_own(group); },
               [this](const std::string& key) { return deploys_.routes().withdraw_own(key); },
               [this](const SetupQuestion& asked) { return answer(platform_.setup, asked); },
               [&instance](int listener, int channel) {
                 return show_in_worker(instance, listener, channel);
               }}),
        platform_({instance, store, *clock_, lifecycle_, &deploys_, &executor_,
                   strangers_in_workers(worker_program(instance)), host_view_.get(), &containers_,
                   &networks_, std::move(config_file), &door_}),
        log_keeper_(
            instance.logs_dir(), [&store] { return logs_budget(store); }, std::chrono::minutes(1),
            [&instance] { return own_logs(instance); }) {
    cli::add_all_commands(registry_);
  }

  Result<> begin(bool prepare_stack) {
    TRY(platform_.keys.write_authorized_keys());
    TRY(builder_->clean_left_overs());
    platform_.backups.settle_left_overs();
    const Result<> recovered = deploys_.recover();
    if (!recovered) log::warn("recovery goes on in the background: " + recovered.error().message());
    if (stack_->prepared() || prepare_stack) {
      warm_up_ = std::thread([this] { warm_up(); });
    }
    return {};
  }

  Result<bool> serve(const CancelToken& stop) {
    cli::ServerOptions options;
    options.socket = instance_.command_socket();
    if (const std::optional<SshUser> user = find_ssh_user(instance_.user)) {
      options.group = user->gid;
      options.key_user = user->uid;
    }
    std::unique_ptr<cli::Server> server = TRY(cli::Server::create(std::move(options), dispatch()));
    log::info("dokkud serves the instance " + instance_.name);
    std::error_code ignored;
    std::filesystem::remove(trouble_file(instance_), ignored);
    tell_service_manager();
    const Result<bool> ended = server->serve(stop, kStopGrace);
    // Attached processes outlive us; the end of these objects would be theirs.
    static_cast<void>(server.release());
    return ended;
  }

 private:
  cli::Dispatch dispatch() {
    const auto is_long = [this](const std::vector<std::string>& argv) {
      const cli::Call call = cli::resolve(registry_, {}, argv);
      return call.command != nullptr && call.command->long_running;
    };
    const auto run = [this](cli::Session& session, const std::vector<std::string>& argv) {
      return cli::run_command(registry_, session, platform_, argv);
    };
    return {is_long, run};
  }

  void tell_service_manager() {
    const auto tell = [](std::string_view state) {
      const Result<> told = notify(state);
      if (!told) log::warn(told.error().message());
    };
    tell("READY=1");
    const std::optional<Duration> period = watchdog_period();
    if (!period) return;
    watchdog_.emplace(Watchdog::Options{instance_.helpers_dir / "dokku", instance_.command_socket(),
                                        *period, [tell] { tell("WATCHDOG=1"); }});
  }

  // Some seconds of a first push, or the stack's minute, spent before anybody waits for them.
  void warm_up() {
    const Result<> given = stack_->ensure_base([](std::string_view line) { log::info(line); });
    if (!given) log::warn("giving the stack to containerd: " + given.error().message());
  }

  const Instance& instance_;
  std::unique_ptr<Clock> clock_ = system_clock();
  std::unique_ptr<HostView> host_view_ = this_host();
  CrashingContainers containers_;
  CrashingImages images_;
  CrashingNetworks networks_;
  OpeningRoutes opening_routes_;
  CrashingRoutes routes_;
  std::unique_ptr<buildstep::Stack> stack_;
  std::unique_ptr<buildstep::BuildpackBuilder> builder_;
  LocalExecutor executor_;
  Deploys deploys_;
  DeployLifecycle lifecycle_;
  Door door_;
  Platform platform_;
  LogKeeper log_keeper_;
  cli::Registry registry_;
  std::optional<Watchdog> watchdog_;
  std::thread warm_up_;  // ends with the process
};

// SIGTERM and SIGINT as a token. Called before any thread exists, so that all of them block both.
Result<UniqueFd> block_ending_signals() {
  sigset_t ending{};
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  ::signal(SIGPIPE, SIG_IGN);
  if (::sigprocmask(SIG_BLOCK, &ending, nullptr) < 0) return fail_syscall("sigprocmask", errno);
  UniqueFd fd(::signalfd(-1, &ending, SFD_CLOEXEC));
  if (!fd.valid()) return fail_syscall("signalfd", errno);
  return fd;
}

// For an upgrade that waits for us, and its report. Another daemon that serves has its own.
Fail leave_word(const Instance& instance, const Error& error) {
  if (error.code() != Errc::already_exists) {
    const Result<> left = write_file_atomically(trouble_file(instance), error.message() + "\n");
    if (!left) log::warn(left.error().message());
  }
  return Fail(error);
}

Result<bool> run_daemon(const Arguments& arguments, const Instance& instance, const Upkeep& upkeep,
                        CrashPoints& points) {
  const UniqueFd signals = TRY(block_ending_signals());
  CancelToken stop = TRY(CancelToken::create());
  TRY(make_directories(instance));
  const UniqueFd lock = TRY(lock_instance(instance));
  const std::unique_ptr<Store> store = TRY(open_store(instance));
  Machine machine = TRY(Machine::build(instance, upkeep));
  Daemon daemon(instance, arguments.config, *store, machine, points);
  std::thread waiter([&] {
    signalfd_siginfo info{};
    static_cast<void>(read_some(signals.get(), reinterpret_cast<char*>(&info), sizeof info));
    stop.cancel();
  });
  Result<> begun = daemon.begin(upkeep.prepare_stack);
  const Result<bool> ended = begun ? daemon.serve(stop) : Result<bool>(Fail(begun.error()));
  if (!ended) {
    log::error(ended.error().message());
    static_cast<void>(leave_word(instance, ended.error()));
  }
  log::info("dokkud ends");
  // Nothing is undone on the way out: what runs goes on, and the next daemon finds it.
  std::_Exit(ended && *ended ? 0 : 1);
}

// Also gives the stack to a containerd that runs already, so that the first push need not.
Result<> prepare_stack(const Instance& instance, const Upkeep& upkeep) {
  const buildstep::Progress progress = [](std::string_view line) {
    std::printf("-----> %.*s\n", static_cast<int>(line.size()), line.data());
    std::fflush(stdout);
  };
  const buildstep::StackOptions options = stack_options(instance);
  if (!std::filesystem::exists(instance.containerd_socket)) {
    return buildstep::prepare_stack(options, progress);
  }
  const runtime::Containerd runtime = TRY(runtime::connect(containerd_options(instance, upkeep)));
  return buildstep::make_stack(options, *runtime.images)->ensure_base(progress);
}

Result<> go_back(const Instance& instance, int schema) {
  const Result<UniqueFd> lock = lock_instance(instance);
  if (!lock) {
    return fail(lock.error().code(), lock.error().message() + "; stop it first");
  }
  TRY(take_schema_back(instance.database(), schema));
  std::printf("The database has schema %d now.\n", schema);
  return {};
}

Result<> run(const Arguments& arguments) {
  if (arguments.facts) {
    std::printf("version %s\nschema %d\n", std::string(cli::version_number()).c_str(),
                schema_version());
    return {};
  }
  if (arguments.list_crash_points) {
    for (const std::string_view name : CrashPoints::names()) {
      std::printf("%.*s\n", static_cast<int>(name.size()), name.data());
    }
    return {};
  }
  if (arguments.manual) {
    cli::Registry registry;
    cli::add_all_commands(registry);
    std::fputs(cli::manual_page(registry).c_str(), stdout);
    return {};
  }
  Instance instance = TRY(Instance::load(arguments.config));
  const Upkeep upkeep = TRY(Upkeep::load(arguments.config, instance));
  if (arguments.become_containerd) {
    return runtime::become_containerd(private_containerd_options(instance));
  }
  if (arguments.containerd_is_kept) instance.private_containerd = false;
  if (arguments.prepare_stack) return prepare_stack(instance, upkeep);
  if (arguments.schema_back) return go_back(instance, *arguments.schema_back);
  CrashPoints points;
  if (arguments.crash_at.starts_with('@')) {
    points.arm_from(arguments.crash_at.substr(1));
  } else if (!arguments.crash_at.empty()) {
    TRY(points.arm(arguments.crash_at));
  }
  UniqueFd trace;
  if (!arguments.crash_trace.empty()) {
    trace = TRY(open_file(arguments.crash_trace, O_WRONLY | O_CREAT | O_APPEND));
    points.trace_to(trace.get());
  }
  const Result<bool> ended = run_daemon(arguments, instance, upkeep, points);
  if (!ended) return leave_word(instance, ended.error());
  return *ended ? Result<>() : fail(Errc::timed_out, "some command did not end in time");
}

}  // namespace

int main(int argc, char** argv) {
  // Many short threads: one arena more costs more memory than it saves waiting.
  ::mallopt(M_ARENA_MAX, 2);
  ::umask(022);
  const Result<Arguments> arguments = read_arguments(argc, argv);
  const Result<> done = arguments ? run(*arguments) : Result<>(Fail(arguments.error()));
  if (done) return 0;
  log::error(done.error().message());
  return 1;
}
