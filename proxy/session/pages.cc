#include "proxy/session/pages.h"

namespace dokku::proxy::session {

#define DOKKU_PAGE(title, text)                                                                 \
  "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>" title "</title><h1>" title \
  "</h1><p>" text "</p></html>\n"

std::string_view page(int status) {
  switch (status) {
    case 400:
      return DOKKU_PAGE("400 Bad Request", "The request was not understood.");
    case 404:
      return DOKKU_PAGE("404 Not Found", "No app answers to this name.");
    case 405:
      return DOKKU_PAGE("405 Method Not Allowed", "This method is not served here.");
    case 408:
      return DOKKU_PAGE("408 Request Timeout", "The request took too long to arrive.");
    case 414:
      return DOKKU_PAGE("414 URI Too Long", "The address is too long.");
    case 417:
      return DOKKU_PAGE("417 Expectation Failed", "Only 100-continue can be expected.");
    case 421:
      return DOKKU_PAGE("421 Misdirected Request", "This connection is for another name.");
    case 431:
      return DOKKU_PAGE("431 Request Header Fields Too Large", "The request's head is too large.");
    case 501:
      return DOKKU_PAGE("501 Not Implemented", "The request asks for what is not implemented.");
    case 502:
      return DOKKU_PAGE("502 Bad Gateway", "The app is not answering.");
    case 413:
      return DOKKU_PAGE("413 Content Too Large", "The request's body is too large.");
    case 503:
      return DOKKU_PAGE("503 Service Unavailable", "Try again in a moment.");
    case 504:
      return DOKKU_PAGE("504 Gateway Timeout", "The app took too long to answer.");
    case 505:
      return DOKKU_PAGE("505 HTTP Version Not Supported", "Only HTTP/1.0 and HTTP/1.1 are served.");
    default:
      return {};
  }
}

#undef DOKKU_PAGE

void describe(const OwnAnswer& answer, http::AnswerHead& head, std::string& seconds) {
  head.clear();
  const bool grpc = !answer.grpc_status.empty();
  head.status = grpc ? 200 : answer.status;
  head.reason = http::reason_phrase(head.status);
  head.has_length = true;
  head.length = answer.body.size();
  head.body = http::Body::length;
  const auto add = [&](std::string_view name, std::string_view value) {
    head.fields.add(name, value, http::FieldId::other);
  };
  if (grpc) {
    add("Content-Type", "application/grpc");
    add("grpc-status", answer.grpc_status);
    add("grpc-message", answer.grpc_message);
    return;
  }
  if (!answer.body.empty()) {
    add("Content-Type", answer.content_type);
    add("Cache-Control", "no-store");
  }
  if (answer.status == 405) add("Allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH");
  if (!answer.location.empty()) add("Location", answer.location);
  const bool later = answer.status == 503 && answer.retry_after.count() == 0;
  seconds = std::to_string(later ? 5 : answer.retry_after.count());
  if (seconds != "0") add("Retry-After", seconds);
}

}  // namespace dokku::proxy::session
