#include "cli/commands/reports.h"

#include <utility>
#include <vector>

#include "server/model/app_name.h"

namespace dokku::cli {
namespace {

struct ReportWords {
  ReportRequest request;
  std::vector<std::string> args;
  bool global = false;
};

ReportWords read_words(const Invocation& call, const ReportTopic& topic) {
  constexpr std::string_view kFormat = "--format=";
  ReportWords words;
  words.request.title_topic = topic.title;
  words.request.key_prefix = topic.key_prefix;
  for (std::size_t i = 0; i < call.args.size(); ++i) {
    const std::string& word = call.args[i];
    if (word == "--global") {
      words.global = true;
    } else if (word == "--format") {
      words.request.format = i + 1 < call.args.size() ? call.args[++i] : "";
    } else if (word.rfind(kFormat, 0) == 0) {
      words.request.format = word.substr(kFormat.size());
    } else if (word.rfind("--", 0) == 0) {
      words.request.flags.push_back(word.substr(2));
    } else {
      words.args.push_back(word);
    }
  }
  return words;
}

Result<ReportValues> values_of(Invocation& call, const ReportTopic& topic, const server::App& app) {
  ReportValues values;
  if (topic.of_app) values = TRY(topic.of_app(call, app));
  if (topic.properties != nullptr) {
    TRY(add_property_rows(call, *topic.properties, topic.key_prefix, &app, values));
  }
  return values;
}

Result<> report_app(Invocation& call, const ReportTopic& topic, ReportRequest request,
                    const server::App& app) {
  request.subject = app.name.str();
  const ReportValues values = TRY(values_of(call, topic, app));
  return print_report(call.print, request, values);
}

Result<> report_global(Invocation& call, const ReportTopic& topic, ReportRequest request) {
  request.subject = "--global";
  ReportValues values;
  if (topic.of_global) values = TRY(topic.of_global(call));
  if (topic.properties != nullptr) {
    TRY(add_property_rows(call, *topic.properties, topic.key_prefix, nullptr, values));
  }
  return print_report(call.print, request, values);
}

// All facts are of one moment. Printed afterwards: a client that reads slowly holds no transaction.
Result<int> report_all_apps(Invocation& call, const ReportTopic& topic, ReportRequest request) {
  std::vector<std::pair<std::string, ReportValues>> all;
  {
    const server::Store::Moment moment(call.platform.store);
    const std::vector<server::App> apps = TRY(call.platform.apps.list());
    for (const server::App& app : apps) {
      ReportValues values = TRY(values_of(call, topic, app));
      all.emplace_back(app.name.str(), std::move(values));
    }
  }
  if (all.empty()) call.print.warn("You haven't deployed any applications yet");
  const PrinterBatch batch(call.print);
  for (const auto& [name, values] : all) {
    request.subject = name;
    TRY(print_report(call.print, request, values));
  }
  return 0;
}

}  // namespace

Result<int> run_report(Invocation& call, const ReportTopic& topic) {
  ReportWords words = read_words(call, topic);
  call.args = std::move(words.args);
  TRY(at_most(call, words.global ? 0 : 1));
  if (words.global) {
    TRY(report_global(call, topic, words.request));
    return 0;
  }
  if (!call.args.empty()) {
    const server::App app = TRY(app_argument(call, 0, Missing::go));
    TRY(report_app(call, topic, words.request, app));
    return 0;
  }
  return report_all_apps(call, topic, words.request);
}

Command report_command(std::string name, ReportTopic topic, std::string description) {
  const bool global = topic.of_global || topic.properties != nullptr;
  return {.name = std::move(name),
          .arguments = std::string(global ? "[<app>|--global]" : "[<app>]") +
                       " [<flag>] [--format stdout|json]",
          .description = std::move(description),
          .access = Access::reader,
          .run = [topic = std::move(topic)](Invocation& call) { return run_report(call, topic); },
          .grammar = Grammar::words};
}

}  // namespace dokku::cli
