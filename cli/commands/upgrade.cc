// upgrade: which version of our programs runs, how the last change went, and the way back.
#include <algorithm>

#include "base/disk.h"
#include "cli/commands/arguments.h"
#include "cli/commands/help.h"
#include "cli/commands/registry.h"
#include "cli/commands/topics.h"
#include "cli/output/report.h"
#include "cli/output/times.h"

namespace dokku::cli {
namespace {

using server::Snapshot;
using server::UpgradeRecord;
using server::UpgradeStatus;

void add_last(const UpgradeRecord& last, ReportValues& values) {
  values["upgrade-last-result"] =
      std::string(name_of(last.state)) + (last.rollback ? " (upgrade:rollback)" : "");
  values["upgrade-last-from"] = last.from;
  values["upgrade-last-to"] = last.to;
  values["upgrade-last-began"] = iso_time(last.begun);
  values["upgrade-last-ended"] = last.under_way() ? "" : iso_time(last.ended);
  values["upgrade-last-reason"] = last.reason;
}

ReportValues values_of(const UpgradeStatus& status) {
  ReportValues values{{"upgrade-last-began", ""},
                      {"upgrade-last-ended", ""},
                      {"upgrade-last-from", ""},
                      {"upgrade-last-reason", ""},
                      {"upgrade-last-result", "none"},
                      {"upgrade-last-to", ""},
                      {"upgrade-number", std::string(version_number())},
                      {"upgrade-previous", status.previous},
                      {"upgrade-running", status.running},
                      {"upgrade-schema", std::to_string(status.schema)}};
  if (status.last) add_last(*status.last, values);
  std::string files;
  for (const Snapshot& one : status.snapshots) files += (files.empty() ? "" : " ") + one.file;
  values["upgrade-snapshots"] = files;
  return values;
}

void print_snapshots(Invocation& call, const std::vector<Snapshot>& snapshots) {
  call.print.info1(std::to_string(snapshots.size()) + " snapshots of the state in " +
                   call.platform.upgrades.snapshots_dir().string());
  if (snapshots.empty()) return;
  std::vector<std::vector<std::string>> rows{{"Taken", "Schema", "Size", "File"}};
  for (const Snapshot& one : snapshots) {
    rows.push_back({one.stamp, std::to_string(one.schema), byte_words(one.bytes), one.file});
  }
  call.print.table(rows);
}

Result<int> status(Invocation& call) {
  TRY(at_most(call, 0));
  const UpgradeStatus status = call.platform.upgrades.status();
  ReportValues values = values_of(status);
  ReportRequest request;
  request.title_topic = "upgrade";
  request.key_prefix = "upgrade-";
  request.subject = "--global";
  request.format = call.options.text("format", "stdout");
  const bool for_people = request.format != "json";
  if (for_people) values.erase("upgrade-snapshots");
  TRY(print_report(call.print, request, values));
  if (for_people) print_snapshots(call, status.snapshots);
  return 0;
}

// The client keeps the streams while daemons change, and asks the one that is there for the end.
Attachment streams_of(UniqueFd out, UniqueFd err) {
  Attachment attachment;
  attachment.out = std::move(out);
  attachment.err = std::move(err);
  attachment.resume = {"upgrade:resume"};
  return attachment;
}

// Its output tells the person all there is to say.
std::function<void(int)> ended_with(Session& session) {
  return [finish = session.finish_later()](int status) { finish(status, {}); };
}

Result<int> rollback(Invocation& call) {
  TRY(at_most(call, 0));
  Result<server::UpgradeUnderWay> change = call.platform.upgrades.start_rollback();
  if (!change) return Fail(std::move(change).error());
  record_event(call, "", "");
  TRY(call.session.attach(streams_of(std::move(change->out), std::move(change->err))));
  call.platform.upgrades.when_ended(std::move(change->process), ended_with(call.session));
  return 0;
}

Result<int> resume(Invocation& call) {
  TRY(at_most(call, 0));
  TRY(call.session.attach(streams_of({}, {})));
  call.platform.upgrades.when_settled(ended_with(call.session));
  return 0;
}

Result<int> probe(Invocation& call) {
  TRY(at_most(call, 0));
  TRY(call.platform.upgrades.probe());
  call.print.line("dokku " + std::string(version_number()) + " works");
  return 0;
}

}  // namespace

void add_upgrade_commands(Registry& registry) {
  registry.add_topic({"upgrade", "See how upgrades of dokku went, and go back"});
  registry.add({.name = "upgrade:status",
                .arguments = "[--format stdout|json]",
                .description = "Say which version runs and how the last upgrade went",
                .access = Access::admin,
                .run = status,
                .flags = {{"format", 0, Flag::Kind::text, "stdout or json"}},
                .examples = {"upgrade:status", "upgrade:status --format json"}});
  registry.add({.name = "upgrade:rollback",
                .description = "Go back to the version of dokku that ran before the last upgrade",
                .access = Access::admin,
                .run = rollback,
                .examples = {"upgrade:rollback"}});
  registry.add({.name = "upgrade:resume",
                .description = "Tell the end of a change that an earlier daemon started",
                .access = Access::admin,
                .run = resume,
                .hidden = true});
  registry.add({.name = "upgrade:probe",
                .description = "Say whether store, containerd and proxy answer this daemon",
                .access = Access::reader,  // asked every second: nothing for the audit log
                .run = probe,
                .hidden = true});
}

}  // namespace dokku::cli
