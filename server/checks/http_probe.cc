#include "server/checks/http_probe.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace dokku::server {
namespace {

constexpr std::size_t kShownBodyMax = 120;

// One line of a body for a person: control characters and what follows them are left out.
std::string shown(const std::string& body) {
  std::string out;
  for (const char c : body.substr(0, kShownBodyMax)) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) break;
    out += c;
  }
  return out.empty() ? "an empty body" : "\"" + out + (body.size() > out.size() ? "…\"" : "\"");
}

std::string request_of(const HttpQuestion& question) {
  std::string host = question.host;
  std::string extra;
  for (const auto& [name, value] : question.headers) {
    if (name == "Host" || name == "host") {
      host = value;
    } else {
      extra += name + ": " + value + "\r\n";
    }
  }
  std::string out = "GET " + question.path + " HTTP/1.1\r\nHost: " + host +
                    "\r\nUser-Agent: dokku-checks\r\nAccept: */*\r\nConnection: close\r\n";
  if (question.https) out += "X-Forwarded-Proto: https\r\n";
  return out + extra + "\r\n";
}

class HttpProbe final : public Probe {
 public:
  explicit HttpProbe(HttpQuestion question)
      : question_(std::move(question)), request_(request_of(question_)) {}

  std::vector<pollfd> waits() const override {
    if (!socket_.valid()) return {};
    const bool writes = state_ != State::reading;
    return {{socket_.get(), static_cast<short>(writes ? POLLOUT : POLLIN), 0}};
  }

  std::optional<Result<>> advance() override {
    for (;;) {
      switch (state_) {
        case State::idle:
          if (auto over = connect()) return over;
          if (state_ == State::connecting) return std::nullopt;
          break;
        case State::connecting:
          if (!writable()) return std::nullopt;
          if (auto over = connected()) return over;
          break;
        case State::writing:
          if (auto over = write()) return over;
          if (state_ == State::writing) return std::nullopt;
          break;
        case State::reading:
          return read();
      }
    }
  }

  const char* standing() const override {
    switch (state_) {
      case State::idle:
      case State::connecting:
        return "no connection";
      case State::writing:
        return "the request is not taken";
      case State::reading:
        return answer_.has_head() ? "the answer does not end" : "no answer";
    }
    return "";
  }

 private:
  enum class State { idle, connecting, writing, reading };

  static std::optional<Result<>> failed(const std::string& why) {
    return Result<>(fail(Errc::unavailable, why));
  }

  std::optional<Result<>> connect() {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(question_.port);
    if (::inet_pton(AF_INET, question_.address.c_str(), &to.sin_addr) != 1) {
      return failed("the process has no address");
    }
    socket_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket_.valid()) return failed(std::string("socket: ") + std::strerror(errno));
    state_ = State::connecting;
    if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) {
      state_ = State::writing;
    } else if (errno != EINPROGRESS) {
      return refused(errno);
    }
    if (state_ == State::writing && question_.path.empty()) return Result<>();
    return std::nullopt;
  }

  // A probe is also looked at when another one's descriptor is ready.
  bool writable() const {
    pollfd look{socket_.get(), POLLOUT, 0};
    return ::poll(&look, 1, 0) > 0;
  }

  std::optional<Result<>> connected() {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return refused(error);
    if (question_.path.empty()) return Result<>();
    state_ = State::writing;
    return std::nullopt;
  }

  std::optional<Result<>> refused(int error) {
    const std::string port = std::to_string(question_.port);
    if (error == ECONNREFUSED) return failed("nothing listens on port " + port);
    return failed("connecting to port " + port + ": " + std::strerror(error));
  }

  std::optional<Result<>> write() {
    while (written_ < request_.size()) {
      const ssize_t some = ::send(socket_.get(), request_.data() + written_,
                                  request_.size() - written_, MSG_NOSIGNAL);
      if (some < 0 && errno == EINTR) continue;
      if (some < 0 && errno == EAGAIN) return std::nullopt;
      if (some < 0) return failed(std::string("sending the request: ") + std::strerror(errno));
      written_ += static_cast<std::size_t>(some);
    }
    state_ = State::reading;
    return std::nullopt;
  }

  std::optional<Result<>> read() {
    char piece[16384];
    for (;;) {
      const ssize_t got = ::recv(socket_.get(), piece, sizeof piece, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0 && errno == EAGAIN) return std::nullopt;
      if (got < 0) return failed(std::string("reading the answer: ") + std::strerror(errno));
      const Result<> taken =
          got == 0 ? answer_.end() : answer_.add({piece, static_cast<std::size_t>(got)});
      if (!taken) return taken;
      if (auto over = verdict()) return over;
    }
  }

  // As soon as it is known: a long body is not waited for when its beginning decides.
  std::optional<Result<>> verdict() {
    if (!answer_.has_head()) return std::nullopt;
    const int status = answer_.status();
    const bool fine = status >= 200 && status <= 299;
    if (fine && question_.content.empty()) return Result<>();
    if (fine && answer_.body().find(question_.content) != std::string::npos) return Result<>();
    if (!answer_.complete()) return std::nullopt;
    if (!fine) {
      return failed("expected status 200 to 299, got " + std::to_string(status) + " with " +
                    shown(answer_.body()));
    }
    return failed("expected \"" + question_.content + "\" in the body, got " +
                  shown(answer_.body()));
  }

  HttpQuestion question_;
  std::string request_;
  std::size_t written_ = 0;
  State state_ = State::idle;
  UniqueFd socket_;
  HttpAnswer answer_;
};

}  // namespace

std::unique_ptr<Probe> make_http_probe(HttpQuestion question) {
  return std::make_unique<HttpProbe>(std::move(question));
}

}  // namespace dokku::server
