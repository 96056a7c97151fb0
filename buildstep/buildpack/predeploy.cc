#include "buildstep/buildpack/predeploy.h"

#include "buildstep/buildpack/line_stream.h"

namespace dokku::buildstep {
namespace {

// As a process of the app is started (server/supervise/tools.cc): first what packs left for that.
constexpr const char* kRunner = R"script(cd "$HOME" || exit 1
shopt -s nullglob
for dokku_file in .profile.d/*.sh .profile; do
  if [[ -r $dokku_file ]]; then . "$dokku_file" < /dev/null || true; fi
done
shopt -u nullglob
unset dokku_file
set +eu
hash -r
exec bash -e -c "$1"
)script";
constexpr const char* kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

class Lines : public PhaseWatcher {
 public:
  explicit Lines(LineStream& lines) : lines_(lines) {}
  void output(int, std::string_view bytes) override { lines_.feed(bytes); }
  void tick() override { lines_.tick(); }

 private:
  LineStream& lines_;
};

std::vector<std::string> environment_of(const Predeploy& task, const Places& places) {
  Variables all = task.variables;
  for (const auto& [name, value] : task.request.platform_env) all[name] = value;
  all.try_emplace("PATH", kPath);
  all.try_emplace("LANG", "C.UTF-8");
  if (!task.request.revision.empty()) all.try_emplace("GIT_REV", task.request.revision);
  if (!places.ca_bundle.empty()) {
    for (const char* name : {"NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"}) {
      all.try_emplace(name, places.ca_bundle);
    }
  }
  all["HOME"] = places.home;
  all["DYNO"] = "predeploy.1";
  std::vector<std::string> out;
  out.reserve(all.size());
  for (const auto& [name, value] : all) out.push_back(name + "=" + value);
  return out;
}

std::string why_ended(const PhaseEnd& end, const Predeploy& task, BuildBox& box) {
  switch (end.why) {
    case PhaseEnd::Why::ended:
    case PhaseEnd::Why::cancelled:
      break;
    case PhaseEnd::Why::total_limit:
      return "The predeploy task took too long and was ended";
    case PhaseEnd::Why::silence_limit:
      return "The predeploy task printed nothing for too long and was ended";
  }
  const int status = end.status.shell_status();
  constexpr int kKilled = 137;
  if (status == kKilled && box.out_of_memory()) {
    return "The predeploy task ran out of memory: a build may use " +
           std::to_string(task.request.limits.memory_bytes >> 20) + " MB";
  }
  return "The predeploy task exited with status " + std::to_string(status);
}

}  // namespace

Result<> run_predeploy(BuildBox& box, const Predeploy& task, Output& output,
                       const CancelToken& cancel) {
  output.detail("Executing predeploy task from app.json: " + task.command);
  output.pack_line("=====> Start of " + task.request.name + " predeploy task output");
  Phase phase;
  phase.argv = {"/bin/bash", "-c", kRunner, "predeploy", task.command};
  phase.environment = environment_of(task, box.places());
  phase.directory = box.places().home;
  std::vector<std::string> masked;
  for (const auto& [name, value] : task.request.platform_env) masked.push_back(value);
  LineStream lines([&](std::string_view line) { output.pack_line(line); }, masked);
  Lines watcher(lines);
  const PhaseLimits limits{task.request.limits.total, task.request.limits.silence};
  const PhaseEnd end = TRY(box.run(phase, limits, watcher, cancel));
  lines.flush();
  if (end.why == PhaseEnd::Why::cancelled) return fail(Errc::cancelled, "The build was cancelled");
  output.pack_line("=====> End of " + task.request.name + " predeploy task output");
  if (end.why == PhaseEnd::Why::ended && end.status.ok()) return {};
  return fail(Errc::invalid_argument, "Execution of predeploy task failed: " + task.command + "\n" +
                                          why_ended(end, task, box));
}

}  // namespace dokku::buildstep
