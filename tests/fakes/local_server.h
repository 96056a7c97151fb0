// LocalServer: a process to be checked. Listens on 127.0.0.1, gives each connection one answer.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/cancel.h"
#include "base/check.h"
#include "base/io.h"

namespace dokku::testing {

class LocalServer {
 public:
  // Empty: takes connections and never answers.
  explicit LocalServer(std::string answer) : answer_(std::move(answer)) {
    listener_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    CHECK(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&at), size) == 0);
    CHECK(::listen(listener_.get(), 128) == 0);
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&at), &size);
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~LocalServer() {
    stop_.cancel();
    thread_.join();
  }

  std::uint16_t port() const { return port_; }
  void answer_from_now(std::string answer) {
    std::lock_guard hold(mutex_);
    answer_ = std::move(answer);
  }
  std::string last_request() {
    std::lock_guard hold(mutex_);
    return request_;
  }
  unsigned requests() {
    std::lock_guard hold(mutex_);
    return requests_;
  }

 private:
  void serve() {
    for (;;) {
      pollfd look[2] = {{listener_.get(), POLLIN, 0}, {stop_.fd(), POLLIN, 0}};
      ::poll(look, 2, -1);
      if (stop_.cancelled()) return;
      UniqueFd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      char request[4096];
      const auto got = read_some(peer.get(), request, sizeof request);
      std::lock_guard hold(mutex_);
      ++requests_;
      if (got) request_.assign(request, *got);
      if (answer_.empty()) {
        silent_.push_back(std::move(peer));
      } else {
        static_cast<void>(write_all(peer.get(), answer_));
      }
    }
  }

  CancelToken stop_ = *CancelToken::create();
  UniqueFd listener_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::string answer_;
  std::string request_;
  unsigned requests_ = 0;
  std::vector<UniqueFd> silent_;
  std::thread thread_;
};

}  // namespace dokku::testing
