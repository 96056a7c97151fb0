#include "proxy/session/grpc.h"

#include <algorithm>

#include "proxy/http/characters.h"

namespace dokku::proxy::session {
namespace {

constexpr std::string_view kUnknown = "2";
constexpr std::string_view kResourceExhausted = "8";
constexpr std::string_view kUnimplemented = "12";
constexpr std::string_view kUnavailable = "14";

OwnAnswer answer(int status, std::string_view grpc_status, std::string_view message) {
  OwnAnswer made;
  made.status = status;
  made.grpc_status = grpc_status;
  made.grpc_message = message;
  return made;
}

}  // namespace

bool is_grpc_call(const http::RequestHead& head) {
  constexpr std::string_view kType = "application/grpc";
  return std::any_of(head.fields.begin(), head.fields.end(), [&](const http::Field& field) {
    if (!http::equal_ignoring_case(field.name, "content-type")) return false;
    if (!http::equal_ignoring_case(field.value.substr(0, kType.size()), kType)) return false;
    const std::string_view rest = field.value.substr(kType.size());
    return rest.empty() || rest.front() == '+' || rest.front() == ';';
  });
}

bool takes_trailers(const http::RequestHead& head) {
  return std::any_of(head.fields.begin(), head.fields.end(), [](const http::Field& field) {
    return field.id == http::FieldId::te && http::equal_ignoring_case(field.value, "trailers");
  });
}

std::string_view grpc_end(int status) {
  switch (status) {
    case 413:
      return "grpc-status: 8\r\ngrpc-message: The request is too large.\r\n";
    case 504:
      return "grpc-status: 14\r\ngrpc-message: The app was silent for too long.\r\n";
    default:
      return "grpc-status: 14\r\ngrpc-message: The app has ended the call in the middle.\r\n";
  }
}

OwnAnswer grpc_answer(int status) {
  switch (status) {
    case 404:
      return answer(status, kUnimplemented, "No app answers to this name.");
    case 413:
      return answer(status, kResourceExhausted, "The request is too large.");
    case 431:
      return answer(status, kResourceExhausted, "The request's head is too large.");
    case 502:
      return answer(status, kUnavailable, "The app is not answering.");
    case 503:
      return answer(status, kUnavailable, "The app cannot be reached now. Try again in a moment.");
    case 504:
      return answer(status, kUnavailable, "The app took too long to answer.");
    default:
      return answer(status, kUnknown, "The request cannot be served.");
  }
}

}  // namespace dokku::proxy::session
