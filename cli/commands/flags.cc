#include "cli/commands/flags.h"

#include <algorithm>
#include <charconv>

#include "server/model/app_name.h"

namespace dokku::cli {
namespace {

using server::printable;

// A word is not echoed as a flag beyond this, or when it could not be one.
const Flag* flag_named(const Command& command, std::string_view name) {
  for (const Flag& flag : command.flags) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

const Flag* flag_lettered(const Command& command, char letter) {
  for (const Flag& flag : command.flags) {
    if (flag.letter != 0 && flag.letter == letter) return &flag;
  }
  return nullptr;
}

bool is_number(std::string_view text) {
  long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

// Goes through the words once; `next_` is the word that may be a flag's value.
class WordReader {
 public:
  WordReader(const Command& command, const std::vector<std::string>& words)
      : command_(command), words_(words) {}

  Result<ParsedWords> read() {
    while (next_ < words_.size()) {
      const std::string& word = words_[next_++];
      if (command_.grammar == Grammar::words || word.size() < 2 || word[0] != '-') {
        parsed_.args.push_back(word);
        if (command_.grammar == Grammar::flags_lead) return take_rest();
      } else if (word == "--") {
        return take_rest();
      } else if (word[1] == '-') {
        TRY(read_long(std::string_view(word).substr(2)));
      } else {
        TRY(read_letters(word));
      }
    }
    return std::move(parsed_);
  }

 private:
  Result<ParsedWords> take_rest() {
    for (; next_ < words_.size(); ++next_) parsed_.args.push_back(words_[next_]);
    return std::move(parsed_);
  }

  Result<> read_long(std::string_view text) {
    const std::size_t equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    const Flag* flag = flag_named(command_, name);
    if (flag == nullptr) {
      return fail(Errc::invalid_argument, "unknown flag: --" + printable(name));
    }
    if (equals != std::string_view::npos) return add(*flag, std::string(text.substr(equals + 1)));
    if (flag->kind == Flag::Kind::boolean) return add(*flag, "true");
    if (next_ == words_.size()) {
      return fail(Errc::invalid_argument, "flag needs an argument: --" + flag->name);
    }
    return add(*flag, words_[next_++]);
  }

  // "-t", "-tn5", "-n5", "-n 5".
  Result<> read_letters(const std::string& word) {
    for (std::size_t i = 1; i < word.size(); ++i) {
      const Flag* flag = flag_lettered(command_, word[i]);
      if (flag == nullptr) {
        return fail(
            Errc::invalid_argument,
            "unknown shorthand flag: '" + printable(word.substr(i, 1)) + "' in " + printable(word));
      }
      if (flag->kind == Flag::Kind::boolean) {
        TRY(add(*flag, "true"));
        continue;
      }
      if (i + 1 < word.size()) return add(*flag, word.substr(i + (word[i + 1] == '=' ? 2 : 1)));
      if (next_ == words_.size()) {
        return fail(Errc::invalid_argument,
                    "flag needs an argument: '" + word.substr(i) + "' in " + word);
      }
      return add(*flag, words_[next_++]);
    }
    return {};
  }

  Result<> add(const Flag& flag, std::string value) {
    const auto invalid = [&] {
      return fail(Errc::invalid_argument,
                  "invalid argument \"" + printable(value) + "\" for \"--" + flag.name + "\" flag");
    };
    if (flag.kind == Flag::Kind::number && !is_number(value)) return invalid();
    if (flag.kind == Flag::Kind::boolean) {
      if (value == "false") return {};
      if (value != "true") return invalid();
    }
    parsed_.options.add(flag.name, std::move(value));
    return {};
  }

  const Command& command_;
  const std::vector<std::string>& words_;
  std::size_t next_ = 0;
  ParsedWords parsed_;
};

std::string kind_word(const Flag& flag) {
  switch (flag.kind) {
    case Flag::Kind::boolean:
      return "";
    case Flag::Kind::number:
      return " int";
    case Flag::Kind::text:
      return " string";
    case Flag::Kind::list:
      return " strings";
  }
  return "";
}

}  // namespace

std::string Options::text(std::string_view name, std::string fallback) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return fallback;
  return found->second.back();
}

std::vector<std::string> Options::list(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

long Options::number(std::string_view name, long fallback) const {
  const std::string value = text(name);
  std::from_chars(value.data(), value.data() + value.size(), fallback);
  return fallback;
}

Result<ParsedWords> parse_words(const Command& command, const std::vector<std::string>& words) {
  return WordReader(command, words).read();
}

std::string flag_usage(const Command& command) {
  std::string text = "Usage of " + command.name + ":\n";
  std::vector<std::pair<std::string, std::string>> rows;
  std::size_t width = 0;
  for (const Flag& flag : command.flags) {
    std::string left = flag.letter == 0 ? "      --" : std::string("  -") + flag.letter + ", --";
    left += flag.name + kind_word(flag);
    width = std::max(width, left.size());
    rows.emplace_back(std::move(left), flag.description);
  }
  std::sort(rows.begin(), rows.end());
  for (const auto& [left, description] : rows) {
    text += left + std::string(width - left.size() + 3, ' ') + description + "\n";
  }
  return text;
}

}  // namespace dokku::cli
