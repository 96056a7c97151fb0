#include "cli/commands/usage.h"

#include <algorithm>

namespace dokku::cli {
namespace {

// At blanks outside of brackets: "[-p|--ps <type>]" stays one.
std::vector<std::string> groups_of(std::string_view text) {
  std::vector<std::string> groups;
  std::string group;
  int depth = 0;
  for (const char c : text) {
    if (c == '[' || c == '(') ++depth;
    if (c == ']' || c == ')') --depth;
    if (c == ' ' && depth == 0) {
      if (!group.empty()) groups.push_back(std::move(group));
      group.clear();
    } else {
      group += c;
    }
  }
  if (!group.empty()) groups.push_back(std::move(group));
  return groups;
}

std::vector<std::string> split(std::string_view text, char mark) {
  std::vector<std::string> parts;
  std::string part;
  for (const char c : text) {
    if (c != mark) {
      part += c;
      continue;
    }
    if (!part.empty()) parts.push_back(std::move(part));
    part.clear();
  }
  if (!part.empty()) parts.push_back(std::move(part));
  return parts;
}

std::string without_brackets(std::string text) {
  while (text.size() >= 2 && ((text.front() == '[' && text.back() == ']') ||
                              (text.front() == '(' && text.back() == ')'))) {
    text = text.substr(1, text.size() - 2);
  }
  return text;
}

bool take_off(std::string& text, std::string_view suffix) {
  if (text.size() < suffix.size() || !text.ends_with(suffix)) return false;
  text.resize(text.size() - suffix.size());
  return true;
}

bool literal(const std::string& word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

// "-p|--ps <type>", "--format stdout|json", "--no-tty|--force-tty"
void add_flags(const std::string& group, UsageWords& words) {
  const std::vector<std::string> parts = split(group, ' ');
  UsageFlag flag;
  flag.takes_value = parts.size() > 1;
  if (flag.takes_value) flag.choices = split(parts[1], '|');
  if (!std::all_of(flag.choices.begin(), flag.choices.end(), literal) || flag.choices.size() < 2) {
    flag.choices.clear();
  }
  for (const std::string& name : split(parts[0], '|')) {
    flag.name = name.substr(0, name.find('='));
    words.flags.push_back(flag);
  }
}

// "<domain> [<domain> ...]", "KEY1 [KEY2 ...]", but not "<app> [<type>...]"
bool goes_on(const UsageWords& words, const std::string& group) {
  if (words.positionals.empty()) return false;
  const std::string& last = words.positionals.back();
  return last == group || last.find('<') == std::string::npos;
}

}  // namespace

UsageWords read_usage(std::string_view arguments) {
  UsageWords words;
  for (std::string group : groups_of(arguments)) {
    bool repeats = take_off(group, "...");
    group = without_brackets(std::move(group));
    repeats = take_off(group, "...") || repeats;
    while (take_off(group, " ")) {
    }
    if (group.starts_with("-- ") || group == "--") break;  // what follows is another program's
    if (group.starts_with('-') && (group.starts_with("--global ") || group == "--global")) {
      words.positionals.emplace_back("--global");
    } else if (group.starts_with('-')) {
      add_flags(group, words);
    } else if (repeats && goes_on(words, group)) {
      words.last_repeats = true;
    } else {
      words.positionals.push_back(group);
    }
    if (repeats) words.last_repeats = true;
  }
  return words;
}

}  // namespace dokku::cli
