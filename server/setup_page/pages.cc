#include "server/setup_page/pages.h"

#include <cstdlib>

#include "runtime/digest/sha256.h"
#include "server/model/base64.h"

namespace dokku::server {
namespace {

constexpr std::string_view kStyle =
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem;"
    "color:#222;background:#fff}h1{font-size:1.4rem}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}"
    "textarea,input[type=text]{width:100%;box-sizing:border-box;font:.9rem monospace;"
    "padding:.4rem}pre{background:#f2f2f2;padding:.8rem;overflow:auto}small{color:#555}"
    "button{font:inherit;padding:.5rem 1.2rem;margin-top:1.2rem}label{display:block;"
    "margin:.5rem 0}.wrong{border-left:.3rem solid #b00;padding:.1rem .8rem;background:#fee}"
    "@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}pre{background:#282828}"
    "small{color:#aaa}.wrong{background:#402020}}";

constexpr std::string_view kAnotherLink =
    "<p>At the server's terminal, type:</p><pre>sudo dokku setup --browser</pre>"
    "<p>It prints a link for a browser, good once and for 30 minutes. "
    "<code>sudo dokku setup</code> asks the same at the terminal.</p>";

// 32 bytes.
std::string raw_sha256_of(std::string_view text) {
  const std::string digits = runtime::sha256_of(text).substr(std::string_view("sha256:").size());
  std::string raw;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    raw += static_cast<char>(std::strtoul(digits.substr(i, 2).c_str(), nullptr, 16));
  }
  return raw;
}

std::string page(std::string_view title, std::string_view body) {
  std::string html = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">";
  html += "<meta name=\"viewport\" content=\"width=device-width\"><title>";
  html += title;
  html += "</title><style>";
  html += kStyle;
  html += "</style></head><body><h1>";
  html += title;
  html += "</h1>\n";
  html += body;
  html += "</body></html>\n";
  return html;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string complaint(const std::string& message) {
  if (message.empty()) return {};
  const std::string text = escaped(message);
  const std::size_t line = text.find('\n');
  std::string html = "<div class=\"wrong\"><p><strong>" + text.substr(0, line) + "</strong></p>";
  if (line != text.npos) html += "<p>" + text.substr(line + 1) + "</p>";
  return html + "</div>\n";
}

std::string key_part(const SetupForm& form, const SetupReply& reply) {
  std::string html = "<h2>1. Who may push</h2><label for=\"keys\">Public ssh key";
  html += reply.keys == "0" ? "" : " (" + escaped(reply.keys) + " may push already; one more)";
  html += "</label><textarea id=\"keys\" name=\"keys\" rows=\"4\" spellcheck=\"false\"";
  html += reply.keys == "0" ? " required>" : ">";
  html += escaped(form.keys);
  html +=
      "</textarea><small>On the computer that you push from: "
      "<code>cat ~/.ssh/id_ed25519.pub</code>. One line for each key.</small>\n";
  return html;
}

std::string choice(const SetupForm& form, const std::string& way, const std::string& text) {
  return "<label><input type=\"radio\" name=\"way\" value=\"" + way + "\"" +
         (form.way == way ? " checked" : "") + "> " + text + "</label>\n";
}

std::string naming_part(const SetupForm& form) {
  std::string html = "<h2>2. How apps are reached</h2>\n";
  html += choice(form, "domain",
                 "By names below a domain of yours. <small>In the DNS, the domain and "
                 "<code>*.</code>domain lead to this server.</small>");
  html +=
      "<input type=\"text\" name=\"domain\" aria-label=\"Domain\" placeholder=\"apps.example."
      "com\" value=\"" +
      escaped(form.domain) + "\">\n";
  html += choice(form, "ip",
                 "By names made of the address: <code>my-app.ADDRESS.sslip.io</code>. <small>A "
                 "public name service; there is nothing to configure.</small>");
  html += choice(form, "none", "By ports: <code>http://ADDRESS:PORT</code>, one for each app.");
  html +=
      "<label for=\"address\">Address of this server</label><input type=\"text\" "
      "id=\"address\" name=\"address\" value=\"" +
      escaped(form.address) + "\">\n";
  return html;
}

}  // namespace

std::string setup_notice() {
  std::string body = "<p>dokku runs here, and nobody may push to it yet.</p>";
  body += kAnotherLink;
  return page("This server is not set up", body);
}

std::string link_is_elsewhere_page() {
  std::string body = "<p>A link for it has been made: open the one that the terminal shows.</p>";
  body += kAnotherLink;
  return page("This server is being set up", body);
}

std::string useless_link_page() {
  std::string body = "<p>A link works once, for 30 minutes, and only the newest.</p>";
  body += kAnotherLink;
  return page("This link is of no use", body);
}

std::string too_many_guesses_page() {
  return page("Too many wrong links", "<p>Wait a minute, then open the right one.</p>");
}

std::string trouble_page(std::string_view what) {
  return page("That did not work", complaint(std::string(what)));
}

std::string form_page(const SetupForm& form, const SetupReply& reply) {
  std::string body = complaint(reply.message);
  body += "<form method=\"post\" autocomplete=\"off\">\n";
  body += key_part(form, reply);
  body += naming_part(form);
  body += "<button>Set up</button></form>\n";
  return page("Set up this server", body);
}

std::string done_page(const SetupReply& reply) {
  const std::string remote = escaped(reply.remote);
  std::string body = "<p>In a repository with an app, on the computer with the key:</p><pre>";
  body += "git remote add dokku " + remote + "\ngit push dokku HEAD:main</pre>\n<p>";
  if (reply.domain.empty()) {
    body += "The push says at which port of " + escaped(reply.address) + " the app answers.";
  } else {
    body += "It answers at <code>http://my-app." + escaped(reply.domain) + "</code>.";
  }
  body += " Keys that may push: " + escaped(reply.keys) +
          ".</p>\n<p>This page is gone now. Whatever was said here is changed at the terminal: "
          "<code>dokku domains:set-global</code>, <code>dokku ssh-keys:add</code>.</p>\n";
  return page("This server is set up", body);
}

std::string setup_page_policy() {
  return "default-src 'none'; style-src 'sha256-" + base64_encode(raw_sha256_of(kStyle)) +
         "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
}

}  // namespace dokku::server
