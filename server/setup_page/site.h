// Site: a request in, an answer out, and a question to dokkud between them. No sockets.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "server/setup_page/guesses.h"
#include "server/setup_page/messages.h"

namespace dokku::server {

struct WebRequest {
  std::string method;
  std::string target;  // "/setup/TOKEN"
  std::string host;    // without port
  std::string client;  // its address, as the proxy says
  std::string body;
};

struct WebAnswer {
  int status = 200;
  std::string page;  // HTML
};

class Site {
 public:
  using Ask = std::function<Result<SetupReply>(const SetupQuestion&)>;
  explicit Site(Ask ask) : ask_(std::move(ask)) {}

  WebAnswer answer(const WebRequest& request, TimePoint now);

 private:
  WebAnswer at_link(const WebRequest& request, const std::string& token, TimePoint now);

  Ask ask_;
  Guesses guesses_;
};

// Head and page; the connection ends with it. `with_page`: not for HEAD.
std::string http_bytes(const WebAnswer& answer, bool with_page);

}  // namespace dokku::server
