// Our own short pages: 404 for a host that nobody claims, 502, 503, 504 for apps in trouble.
#pragma once

#include <string>
#include <string_view>

#include "proxy/session/downstream.h"

namespace dokku::proxy::session {

// HTML. Empty for a status that has no page. Static.
std::string_view page(int status);

// The head for an answer of our own, to be used while `answer` and `seconds` live.
void describe(const OwnAnswer& answer, http::AnswerHead& head, std::string& seconds);

}  // namespace dokku::proxy::session
