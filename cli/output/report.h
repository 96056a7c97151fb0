// Report: the `TOPIC:report` block, one value of it, or its JSON; and plain tables.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/output/printer.h"

namespace dokku::cli {

// Flag name without dashes ("git-deploy-branch") to value; sorted as Dokku's rows are.
using ReportValues = std::map<std::string, std::string>;

struct ReportRequest {
  std::string title_topic;         // the word after the app: "app", "git", "ssl"
  std::string key_prefix;          // "app-": left out of JSON's short keys
  std::string subject;             // the app's name, or "--global"
  std::vector<std::string> flags;  // asked for, without dashes
  std::string format = "stdout";
};

// Block, single value or JSON. invalid_argument: "Invalid flag passed, valid flags: --a, --b".
Result<> print_report(Printer& print, const ReportRequest& request, const ReportValues& values);

// "KEY:  value" rows with values in one column, as `config:show` prints them.
std::vector<std::string> aligned_rows(const std::vector<std::pair<std::string, std::string>>& rows);

// `line`, cut to so many characters of UTF-8 when it is longer; then it ends in "…".
std::string fitted(const std::string& line, std::size_t columns);

// Columns two spaces apart; the first row is the head. Printer::table prints one.
std::vector<std::string> table(const std::vector<std::vector<std::string>>& rows);

}  // namespace dokku::cli
