#include "cli/commands/manual.h"

#include <cstdint>

#include "cli/commands/help.h"

namespace dokku::cli {
namespace {

// The code point that begins at `at`, which is moved behind it. Our own texts are valid UTF-8.
std::uint32_t take_code_point(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const std::uint32_t first = byte(at++);
  const int more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC0 ? 1 : 0;
  std::uint32_t point = more == 0 ? first : first & (0x3FU >> more);
  for (int i = 0; i < more && at < text.size(); ++i) point = (point << 6) | (byte(at++) & 0x3FU);
  return point;
}

// So that every byte stands for itself: a backslash, a hyphen that is to be copied, a dot or quote
// at a line's start, what is not ASCII.
std::string escaped(std::string_view text) {
  std::string out;
  if (text.starts_with('.') || text.starts_with('\'')) out += "\\&";
  for (std::size_t at = 0; at < text.size();) {
    const std::uint32_t point = take_code_point(text, at);
    if (point == '\\') {
      out += "\\e";
    } else if (point == '-') {
      out += "\\-";
    } else if (point == '\'') {
      out += "\\(aq";
    } else if (point == '^' || point == '~' || point == '`') {
      out += point == '^' ? "\\(ha" : point == '~' ? "\\(ti" : "\\(ga";
    } else if (point < 0x80) {
      out += static_cast<char>(point);
    } else {
      constexpr char kHex[] = "0123456789ABCDEF";
      out += "\\[u";
      for (int shift = point > 0xFFFF ? 16 : 12; shift >= 0; shift -= 4) {
        out += kHex[(point >> static_cast<unsigned>(shift)) & 0xFU];
      }
      out += "]";
    }
  }
  return out;
}

class Page {
 public:
  void section(std::string_view name) { text_ += ".SH " + std::string(name) + "\n"; }
  void subsection(std::string_view name) { text_ += ".SS " + escaped(name) + "\n"; }
  void text(std::string_view text) { text_ += escaped(text) + "\n"; }
  // A term in bold, the rest of its line, and what it means.
  void item(std::string_view term, std::string_view rest, std::string_view meaning) {
    text_ += ".TP\n\\fB" + escaped(term) + "\\fR";
    if (!rest.empty()) text_ += " " + escaped(rest);
    text_ += "\n" + escaped(meaning) + "\n";
  }
  // A term within the text of the last item.
  void inner_item(std::string_view term, std::string_view meaning) {
    text_ += ".br\n\\fB" + escaped(term) + "\\fR: " + escaped(meaning) + "\n";
  }
  void example(std::string_view line) { text_ += ".EX\n" + escaped(line) + "\n.EE\n"; }
  void raw(std::string_view lines) { text_ += lines; }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string topic_of(const Registry& registry, const Command& command) {
  const std::string topic = command.name.substr(0, command.name.find(':'));
  return registry.topic(topic) == nullptr ? std::string() : topic;
}

void add_command(Page& page, const Command& command) {
  std::string meaning = command.description + ".";
  for (const std::string& alias : command.aliases) meaning += " Also: " + alias + ".";
  page.item("dokku " + command.name, command.arguments, meaning);
  for (const Flag& flag : command.flags) {
    const std::string letter = flag.letter == 0 ? "" : std::string("-") + flag.letter + ", ";
    page.inner_item(letter + "--" + flag.name, flag.description);
  }
  for (const std::string& example : command.examples) page.example("dokku " + example);
}

void add_commands(Page& page, const Registry& registry, const std::string& topic) {
  for (const auto& [name, command] : registry.commands()) {
    const bool bare_form = command.hidden || topic_of(registry, command) != topic;
    if (!bare_form) add_command(page, command);
  }
}

void add_head(Page& page) {
  page.raw(".TH DOKKU 1 \"\" \"dokku " + std::string(version_number()) + "\" \"User Commands\"\n");
  page.section("NAME");
  page.raw("dokku \\- run apps that are pushed with git\n");
  page.section("SYNOPSIS");
  page.raw(".B dokku\n[\\fB\\-\\-quiet\\fR] [\\fB\\-\\-trace\\fR] [\\fB\\-\\-force\\fR]\n"
           "[\\fB\\-\\-app\\fR \\fIAPP\\fR] \\fICOMMAND\\fR [\\fIARGUMENT\\fR...]\n.PP\n"
           ".B ssh\n[\\fB\\-t\\fR] \\fBdokku@\\fR\\fIHOST\\fR [\\fB\\-\\-\\fR] \\fICOMMAND\\fR "
           "[\\fIARGUMENT\\fR...]\n.PP\n"
           ".B git push\n\\fBdokku@\\fR\\fIHOST\\fR\\fB:\\fR\\fIAPP\\fR \\fBmain\\fR\n");
  page.section("DESCRIPTION");
  page.text(
      "A push with git builds an app and runs it. Everything else is a command: of root on the "
      "server, or over ssh of whoever has a key. A command is written with a colon (apps:create) "
      "or with a blank (apps create).");
  page.section("OPTIONS");
  page.raw("These lead, before the command.\n");
  page.item("--quiet", "", "Data without headings.");
  page.item("--trace", "", "Say what is done, on standard error.");
  page.item("--force", "", "Do not ask before something is destroyed.");
  page.item("--app", "APP", "The app, for a command that takes one first.");
}

void add_tail(Page& page) {
  page.section("EXIT STATUS");
  page.item("0", "", "Success, also when there is nothing to do.");
  page.item("1", "", "A failure, an unknown command, a missing argument.");
  page.item("2", "", "An unknown flag.");
  page.item("20", "", "The app does not exist.");
  page.item("n", "", "Of run and enter: the status of the process inside.");
  page.section("ENVIRONMENT");
  page.item("DOKKU_QUIET_OUTPUT, DOKKU_TRACE, DOKKU_APPS_FORCE_DELETE", "",
            "1: as the options above.");
  page.item("DOKKU_APP_NAME", "", "As --app.");
  page.item("DOKKU_SOCKET", "", "Where dokkud listens, when not at /run/dokku/dokku.sock.");
  page.item("NO_COLOR", "", "Not empty: no colour. There is none off a terminal anyway.");
  page.section("FILES");
  page.item("/home/dokku/VHOST, /home/dokku/HOSTNAME", "",
            "Global domains, and the name shown for apps without one. May be edited.");
  page.item("/home/dokku/APP/VHOST, /home/dokku/APP/ENV", "",
            "An app's domains and config. May be edited; taken up at the next use.");
  page.section("SEE ALSO");
  page.raw(".BR ssh (1),\n.BR git\\-push (1)\n");
}

}  // namespace

std::string manual_page(const Registry& registry) {
  Page page;
  add_head(page);
  page.section("COMMANDS");
  add_commands(page, registry, "");
  for (const auto& [name, topic] : registry.topics()) {
    page.subsection(name);
    page.raw(escaped(topic.description) + ".\n");
    add_commands(page, registry, name);
  }
  add_tail(page);
  return page.take();
}

}  // namespace dokku::cli
