#include "cli/commands/completion.h"

#include <algorithm>
#include <optional>

#include "cli/commands/usage.h"

namespace dokku::cli {
namespace {

const Candidate kGlobalFlags[] = {
    {"--app", "the app, for what follows"},
    {"--force", "do not ask"},
    {"--quiet", "data without headings"},
    {"--trace", "say what is done"},
};

class Completer {
 public:
  Completer(const Registry& registry, const CompletionFacts& facts, std::vector<std::string> words)
      : registry_(registry), facts_(facts), words_(std::move(words)) {}

  std::vector<Candidate> run() {
    if (words_.empty()) words_.emplace_back();
    typed_ = words_.back();
    read_globals();
    if (wants_app_of_global_) {
      offer_all(facts_.apps());
    } else if (at_ + 1 == words_.size()) {
      offer_commands();
    } else {
      after_first_word();
    }
    std::sort(found_.begin(), found_.end(),
              [](const Candidate& a, const Candidate& b) { return a.word < b.word; });
    const auto same = [](const Candidate& a, const Candidate& b) { return a.word == b.word; };
    found_.erase(std::unique(found_.begin(), found_.end(), same), found_.end());
    return std::move(found_);
  }

 private:
  void offer(std::string_view word, std::string_view description = {}) {
    if (word.starts_with(typed_)) found_.push_back({std::string(word), std::string(description)});
  }

  void offer_all(const std::vector<std::string>& words, std::string_view suffix = {}) {
    for (const std::string& word : words) offer(word + std::string(suffix));
  }

  // The flags that lead; `at_` is then the command's place.
  void read_globals() {
    for (; at_ + 1 < words_.size() && words_[at_].starts_with("--"); ++at_) {
      if (words_[at_] != "--app") continue;
      if (at_ + 2 == words_.size()) {
        wants_app_of_global_ = true;
        return;
      }
      app_ = words_[++at_];
    }
  }

  // Topics first, so that a list fits the screen; all commands of one when there is but one.
  void offer_commands() {
    if (typed_.starts_with('-')) {
      for (const auto& [flag, description] : kGlobalFlags) offer(flag, description);
      return;
    }
    std::vector<Candidate> topics;
    for (const auto& [name, topic] : registry_.topics()) {
      if (name.starts_with(typed_) && has_verbs(name)) {
        topics.push_back({name + ":", topic.description});
      }
    }
    const bool whole = topics.size() == 1 || typed_.find(':') != std::string::npos;
    for (const auto& [name, command] : registry_.commands()) {
      const bool bare = name.find(':') == std::string::npos;
      const bool listed = !command.hidden || (bare && registry_.topic(name) != nullptr);
      if (listed && may(command) && (bare || whole)) offer(name, command.description);
    }
    if (!whole) found_.insert(found_.end(), topics.begin(), topics.end());
  }

  bool may(const Command& command) const { return !facts_.may || facts_.may(command); }

  // Of those that may be used.
  bool has_verbs(const std::string& topic) const {
    auto next = registry_.commands().lower_bound(topic + ":");
    for (; next != registry_.commands().end() && next->first.starts_with(topic + ":"); ++next) {
      if (!next->second.hidden && may(next->second)) return true;
    }
    return false;
  }

  void after_first_word() {
    const std::string& first = words_[at_];
    const Command* command = registry_.find(first);
    std::size_t next = at_ + 1;
    if (first.find(':') == std::string::npos && next + 1 < words_.size()) {
      const Command* joined = registry_.find(first + ":" + words_[next]);
      if (joined != nullptr) {
        command = joined;
        ++next;
      }
    } else if (next + 1 == words_.size()) {
      offer_verbs(first);
    }
    if (command != nullptr && may(*command)) offer_arguments(*command, next);
  }

  // "apps cre": the form with a blank.
  void offer_verbs(const std::string& topic) {
    if (registry_.topic(topic) == nullptr || typed_.starts_with('-')) return;
    for (const auto& [name, command] : registry_.commands()) {
      const bool ours = name.starts_with(topic + ":") && !command.hidden && may(command);
      if (ours) offer(std::string_view(name).substr(topic.size() + 1), command.description);
    }
  }

  void offer_arguments(const Command& command, std::size_t next) {
    const UsageWords usage = read_usage(command.arguments);
    std::size_t place = 0;
    if (!app_.empty() && !usage.positionals.empty() && takes_app(usage.positionals[0])) ++place;
    std::optional<UsageFlag> open;  // a flag whose value is next
    for (; next + 1 < words_.size(); ++next) {
      const std::string& word = words_[next];
      if (open) {
        open.reset();
        continue;
      }
      if (word == "--") return;
      if (word.starts_with('-') && word != "--global") {
        open = flag_that_waits(command, usage, word);
        continue;
      }
      if (app_.empty() && place < usage.positionals.size() && takes_app(usage.positionals[place])) {
        app_ = word;
      }
      ++place;
    }
    if (open) return offer_value(*open);
    if (typed_.starts_with('-')) return offer_flags(command, usage);
    offer_positional(command, usage, place);
  }

  static bool takes_app(const std::string& positional) {
    return positional.find("<app>") != std::string::npos ||
           positional.find("<old-app>") != std::string::npos;
  }

  // The flag, when the next word is its value.
  static std::optional<UsageFlag> flag_that_waits(const Command& command, const UsageWords& usage,
                                                  const std::string& word) {
    if (word.find('=') != std::string::npos) return std::nullopt;
    std::optional<UsageFlag> found;
    for (const UsageFlag& flag : usage.flags) {
      if (flag.name == word && flag.takes_value) found = flag;
    }
    for (const Flag& flag : command.flags) {
      const bool named = word == "--" + flag.name ||
                         (flag.letter != 0 && word == std::string("-") + flag.letter);
      if (!named) continue;
      if (flag.kind == Flag::Kind::boolean) return std::nullopt;
      if (!found) found = UsageFlag{"--" + flag.name, true, {}};
    }
    return found;
  }

  void offer_value(const UsageFlag& flag) {
    if (!flag.choices.empty()) return offer_all(flag.choices);
    if (flag.name == "--format") return offer_all({"json", "stdout"});
    if (flag.name == "--app") return offer_all(facts_.apps());
    for (const std::string_view name : {"--ps", "-p", "--process-type", "--process"}) {
      if (flag.name == name && !app_.empty()) return offer_all(facts_.process_types(app_));
    }
  }

  void offer_flags(const Command& command, const UsageWords& usage) {
    for (const Flag& flag : command.flags) offer("--" + flag.name, flag.description);
    for (const UsageFlag& flag : usage.flags) {
      if (flag.name.starts_with("--")) offer(flag.name);
    }
    for (const std::string& positional : usage.positionals) {
      if (positional.find("--global") != std::string::npos) offer("--global", "for all apps");
      if (positional.find("--all") != std::string::npos) offer("--all", "every app");
    }
    offer("--help", "how it is used");
  }

  void offer_positional(const Command& command, const UsageWords& usage, std::size_t place) {
    if (usage.positionals.empty()) return;
    if (place >= usage.positionals.size()) {
      if (!usage.last_repeats) return;
      place = usage.positionals.size() - 1;
    }
    const std::string& what = usage.positionals[place];
    if (takes_app(what)) return offer_all(facts_.apps());
    if (what.find("<topic>") != std::string::npos) {
      for (const auto& [name, topic] : registry_.topics()) offer(name, topic.description);
    }
    if (what.find('<') == std::string::npos && what.find('|') != std::string::npos) {
      return offer_alternatives(what);
    }
    if (!app_.empty()) offer_of_app(command, what);
  }

  void offer_alternatives(std::string what) {
    std::replace(what.begin(), what.end(), '|', ' ');
    for (std::size_t at = 0; at < what.size();) {
      const std::size_t end = std::min(what.find(' ', at), what.size());
      if (end > at) offer(what.substr(at, end - at));
      at = end + 1;
    }
  }

  void offer_of_app(const Command& command, const std::string& what) {
    const auto has = [&](std::string_view part) { return what.find(part) != std::string::npos; };
    if (has("<type>=") || has("<process-type>=")) {
      offer_all(facts_.process_types(app_), "=");
    } else if (has("type>") || (has("<cmd>") && command.grammar == Grammar::flags_lead)) {
      offer_all(facts_.process_types(app_));
    } else if (has("<domain>") && command.name == "domains:remove") {
      offer_all(facts_.domains(app_));
    } else if ((has("<key>") || has("KEY")) && command.name.starts_with("config:")) {
      offer_all(facts_.config_keys(app_), has("VALUE") || has("<value>") ? "=" : "");
    }
  }

  const Registry& registry_;
  const CompletionFacts& facts_;
  std::vector<std::string> words_;
  std::string typed_;
  std::size_t at_ = 0;
  std::string app_;
  bool wants_app_of_global_ = false;
  std::vector<Candidate> found_;
};

}  // namespace

std::vector<Candidate> complete(const Registry& registry, const CompletionFacts& facts,
                                const std::vector<std::string>& words) {
  return Completer(registry, facts, words).run();
}

}  // namespace dokku::cli
