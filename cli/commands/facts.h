// What is known of one thing of an app, for its `:info`.
#pragma once

#include <map>
#include <string>

#include "cli/commands/command.h"
#include "cli/output/report.h"

namespace dokku::cli {

// `kind`: "build", in the title and before each key. `facts`: value by key.
inline Result<int> print_facts(const Invocation& call, const std::string& kind,
                               const std::string& app,
                               const std::map<std::string, std::string>& facts, bool json) {
  ReportRequest request;
  request.title_topic = kind;
  request.key_prefix = kind + "-";
  request.subject = app;
  request.format = json ? "json" : "stdout";
  ReportValues values;
  for (const auto& [key, value] : facts) values[request.key_prefix + key] = value;
  TRY(print_report(call.print, request, values));
  return 0;
}

}  // namespace dokku::cli
