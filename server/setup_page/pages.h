// The set-up page as a browser sees it: plain HTML, no script, nothing from elsewhere.
#pragma once

#include <string>
#include <string_view>

#include "server/setup_page/messages.h"

namespace dokku::server {

// Where nobody has set up this server and no link is open. Served by the proxy itself.
std::string setup_notice();
// At any other place while a link is open, and at links that are none.
std::string link_is_elsewhere_page();
std::string useless_link_page();
std::string too_many_guesses_page();
std::string trouble_page(std::string_view what);

// What stood in the form when it was sent; at first what fits.
struct SetupForm {
  std::string keys;
  std::string way = "domain";  // or "ip", "none"
  std::string domain;
  std::string address;
};
// `reply`: of kind form, or refused.
std::string form_page(const SetupForm& form, const SetupReply& reply);
std::string done_page(const SetupReply& reply);

// The value of Content-Security-Policy for all of them.
std::string setup_page_policy();

}  // namespace dokku::server
