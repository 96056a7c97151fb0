#include "cli/client/invocation.h"

#include <array>
#include <optional>

namespace dokku::cli {
namespace {

constexpr std::string_view kDefaultSocket = "/run/dokku/dokku.sock";
constexpr std::string_view kBlanks = " \t\r\n\v\f";

bool blank(char c) { return kBlanks.find(c) != std::string_view::npos; }

std::vector<std::string> split_at_blanks(std::string_view text) {
  std::vector<std::string> words;
  std::size_t at = text.find_first_not_of(kBlanks);
  while (at != std::string_view::npos) {
    const std::size_t end = std::min(text.find_first_of(kBlanks, at), text.size());
    words.emplace_back(text.substr(at, end - at));
    at = text.find_first_not_of(kBlanks, end);
  }
  return words;
}

// git quotes the path that follows the host: 'app' or '/app'.
std::string repository_name(std::string name) {
  if (name.size() >= 2 && (name.front() == '\'' || name.front() == '"') &&
      name.back() == name.front()) {
    name = name.substr(1, name.size() - 2);
  }
  if (name.starts_with('/')) name.erase(0, 1);
  return name;
}

bool serves_a_repository(std::string_view word) {
  return word == "git-receive-pack" || word == "git-upload-pack" || word == "git-upload-archive";
}

std::string value_of(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

Result<Invocation> by_ssh_key(const std::string& key_id, const Environment& environment,
                              Invocation invocation) {
  invocation.by_ssh = true;
  invocation.key_id = key_id;
  invocation.argv = TRY(split_ssh_command(value_of(environment, "SSH_ORIGINAL_COMMAND")));
  // Without a command there is no shell to give, but help.
  if (invocation.argv.empty()) invocation.argv = {"help"};
  return invocation;
}

}  // namespace

std::vector<std::string> arguments_of(const std::vector<std::string>& command_line) {
  if (command_line.empty()) return {};
  std::vector<std::string> arguments(command_line.begin() + 1, command_line.end());
  const std::string& program = command_line[0];
  if (program.substr(program.rfind('/') + 1) != "sshcommand") return arguments;
  if (arguments.empty()) arguments.emplace_back("help");
  std::string& verb = arguments[0];
  if (verb == "-h" || verb == "--help") verb = "help";
  if (verb == "-v" || verb == "--version") verb = "version";
  verb.insert(0, "sshcommand:");
  return arguments;
}

Result<Invocation> read_invocation(const std::vector<std::string>& arguments,
                                   const Environment& environment) {
  Invocation invocation;
  invocation.socket = value_of(environment, "DOKKU_SOCKET");
  if (invocation.socket.empty()) invocation.socket = kDefaultSocket;
  if (arguments.size() == 1 && arguments[0] == "--restore-terminal") {
    invocation.restores_terminal = true;
    return invocation;
  }
  std::size_t at = 0;
  // Ours alone, for the way through sudo, which drops the environment.
  if (arguments.size() >= 2 && arguments[0] == "--socket") {
    invocation.socket = arguments[1];
    at = 2;
  }
  if (arguments.size() == at + 2 && arguments[at] == "--ssh-key") {
    return by_ssh_key(arguments[at + 1], environment, std::move(invocation));
  }
  invocation.argv.assign(arguments.begin() + static_cast<std::ptrdiff_t>(at), arguments.end());
  return invocation;
}

Result<std::vector<std::string>> split_quoted(std::string_view text) {
  std::vector<std::string> words;
  std::optional<std::string> word;
  char quote = '\0';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != '\0') {
      if (c == quote) {
        quote = '\0';
      } else {
        *word += c;
      }
    } else if (blank(c)) {
      if (word) words.push_back(*std::exchange(word, std::nullopt));
    } else {
      if (!word) word.emplace();
      if (c == '\'' || c == '"') {
        quote = c;
      } else if (c == '\\' && i + 1 < text.size()) {
        *word += text[++i];
      } else {
        *word += c;
      }
    }
  }
  if (quote != '\0') {
    return fail(Errc::invalid_argument,
                std::string("Unmatched quote ") + quote + " in the command");
  }
  if (word) words.push_back(*std::move(word));
  return words;
}

Result<std::vector<std::string>> split_ssh_command(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return std::vector<std::string>();
  text.remove_prefix(begin);
  if (!text.starts_with("git-") && !text.starts_with("git:")) return split_quoted(text);
  std::vector<std::string> words = split_at_blanks(text);
  if (serves_a_repository(words[0]) && words.size() > 1) {
    words.back() = repository_name(std::move(words.back()));
  }
  return words;
}

Environment environment_for_daemon(const Environment& environment) {
  static constexpr std::array<std::string_view, 5> kNames{"TERM", "NO_COLOR", "LANG",
                                                          "SSH_CONNECTION", "SUDO_USER"};
  static constexpr std::array<std::string_view, 2> kPrefixes{"DOKKU_", "GIT_PUSH_OPTION"};
  Environment chosen;
  for (const auto& [name, value] : environment) {
    bool wanted = false;
    for (const std::string_view one : kNames) wanted = wanted || name == one;
    for (const std::string_view prefix : kPrefixes) wanted = wanted || name.starts_with(prefix);
    if (wanted) chosen.emplace(name, value);
  }
  return chosen;
}

}  // namespace dokku::cli
