// The `TOPIC:report [APP|--global] [--ONE-FLAG] [--format stdout|json]` commands, the same
// everywhere. What a topic's PropertyTable lists is shown without further words.
#pragma once

#include <functional>
#include <string>

#include "cli/commands/arguments.h"
#include "cli/commands/properties.h"
#include "cli/output/report.h"

namespace dokku::cli {

struct ReportTopic {
  std::string title;       // the word after the app: "app", "ssl"
  std::string key_prefix;  // "app-"
  // What is no property. May be empty.
  std::function<Result<ReportValues>(Invocation&, const server::App&)> of_app = {};
  // Empty, and no properties: the topic has no --global report.
  std::function<Result<ReportValues>(Invocation&)> of_global = {};
  const PropertyTable* properties = nullptr;  // lives as long as the program
};

// For commands with Grammar::words. Without an app: all apps, one block each.
Result<int> run_report(Invocation& call, const ReportTopic& topic);

// `NAME`, whole: "ps:report".
Command report_command(std::string name, ReportTopic topic, std::string description);

}  // namespace dokku::cli
