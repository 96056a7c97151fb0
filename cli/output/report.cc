#include "cli/output/report.h"

#include <algorithm>

#include "cli/output/json.h"

namespace dokku::cli {
namespace {

constexpr std::size_t kValueColumn = 31;  // from the start of the key; Dokku's

// "git-deploy-branch" to "Git deploy branch:".
std::string row_title(std::string_view key) {
  std::string title(key);
  std::replace(title.begin(), title.end(), '-', ' ');
  std::replace(title.begin(), title.end(), '.', ' ');
  if (!title.empty() && title[0] >= 'a' && title[0] <= 'z') {
    title[0] = static_cast<char>(title[0] - 'a' + 'A');
  }
  return title + ":";
}

std::string pad(std::string text, std::size_t width) {
  if (text.size() < width) text.append(width - text.size(), ' ');
  return text;
}

void print_block(Printer& print, const ReportRequest& request, const ReportValues& values) {
  const PrinterBatch batch(print);
  print.info2_quiet(request.subject + " " + request.title_topic + " information");
  std::size_t width = kValueColumn;
  for (const auto& [key, value] : values) width = std::max(width, row_title(key).size() + 1);
  for (const auto& [key, value] : values) print.verbose(pad(row_title(key), width) + value);
}

Fail unknown_flag(const ReportValues& values) {
  std::string names;
  for (const auto& [key, value] : values) names += (names.empty() ? "--" : ", --") + key;
  return fail(Errc::invalid_argument, "Invalid flag passed, valid flags: " + names);
}

// Both the short keys and, as Dokku 0.38, the long ones.
std::string as_json(const ReportRequest& request, const ReportValues& values) {
  std::map<std::string, std::string> all = values;
  for (const auto& [key, value] : values) {
    if (key.rfind(request.key_prefix, 0) == 0) all[key.substr(request.key_prefix.size())] = value;
  }
  return json_object(all);
}

}  // namespace

Result<> print_report(Printer& print, const ReportRequest& request, const ReportValues& values) {
  for (const std::string& flag : request.flags) {
    if (values.find(flag) == values.end()) return unknown_flag(values);
  }
  if (request.format == "json") {
    if (!request.flags.empty()) {
      return fail(Errc::invalid_argument,
                  "--format flag cannot be specified when specifying an info flag");
    }
    print.line(as_json(request, values));
    return {};
  }
  if (request.format != "stdout") {
    return fail(Errc::invalid_argument,
                "Invalid format specified, supported formats: json, stdout");
  }
  if (request.flags.empty()) {
    print_block(print, request, values);
  } else {
    for (const std::string& flag : request.flags) print.line(values.at(flag));
  }
  return {};
}

std::vector<std::string> aligned_rows(
    const std::vector<std::pair<std::string, std::string>>& rows) {
  std::size_t width = 0;
  for (const auto& [key, value] : rows) width = std::max(width, key.size());
  std::vector<std::string> lines;
  for (const auto& [key, value] : rows) lines.push_back(pad(key + ":", width + 3) + value);
  return lines;
}

std::string fitted(const std::string& line, std::size_t columns) {
  std::size_t characters = 0;
  std::size_t end = 0;  // where the last character that stays before "…" ends
  for (std::size_t at = 0; at < line.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(line[at]) & 0xC0U) != 0x80U;
    if (!begins) continue;
    if (++characters == columns) end = at;
    if (characters > columns && columns > 0) return line.substr(0, end) + "…";
  }
  return line;
}

std::vector<std::string> table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::vector<std::string> lines;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += i + 1 == row.size() ? row[i] : pad(row[i], widths[i] + 2);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace dokku::cli
