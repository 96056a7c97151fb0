#include "server/setup_page/page_server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "base/io.h"
#include "proxy/h1/body.h"
#include "proxy/h1/head.h"
#include "server/setup_page/site.h"

namespace dokku::server {
namespace {

namespace h1 = proxy::h1;
namespace http = proxy::http;

constexpr std::size_t kConnectionsMax = 32;
constexpr std::chrono::seconds kPatience{10};  // with a request, from connection to answer
constexpr int kAskMillis = 30'000;

// One request of the proxy's.
class Connection {
 public:
  Connection(UniqueFd socket, TimePoint now) : socket_(std::move(socket)), ends_(now + kPatience) {}

  int fd() const { return socket_.get(); }
  bool late(TimePoint now) const { return now >= ends_; }

  enum class State { more, whole, gone };
  // Reads what is there.
  State read() {
    std::array<char, 8192> piece{};
    const ssize_t got = ::read(socket_.get(), piece.data(), piece.size());
    if (got < 0) return errno == EAGAIN || errno == EINTR ? State::more : State::gone;
    if (got == 0) return State::gone;
    bytes_.append(piece.data(), static_cast<std::size_t>(got));
    if (!has_head_ && !take_head()) return refused_ ? State::whole : State::more;
    return take_body();
  }
  // Nothing: it was no request.
  const WebRequest* request() const { return refused_ ? nullptr : &request_; }
  int refused_with() const { return refused_; }

  // A page is smaller than what the kernel takes at once.
  void answer(const std::string& text) {
    const ssize_t sent = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(text.size())) ::shutdown(socket_.get(), SHUT_WR);
  }

 private:
  bool take_head() {
    auto head = std::make_unique<http::RequestHead>();
    const h1::HeadResult result = h1::parse_request(bytes_, progress_, *head);
    if (result.refused()) refused_ = result.status;
    if (!result.done()) return false;
    has_head_ = true;
    request_.method = head->method;
    request_.target = head->target;
    request_.host = head->host;
    for (const http::Field& field : head->fields) {
      if (field.name == "X-Forwarded-For") request_.client = field.value;
    }
    body_.start(head->body, head->length);
    bytes_.erase(0, result.consumed);
    return true;
  }

  State take_body() {
    while (!body_.done()) {
      const h1::BodyDecoder::Step step = body_.next(bytes_);
      request_.body += step.data;
      bytes_.erase(0, step.consumed);
      if (request_.body.size() > kSetupFormBytesMax) refused_ = 413;
      if (step.status == h1::BodyDecoder::Status::bad) refused_ = 400;
      if (refused_ != 0) return State::whole;
      if (step.status == h1::BodyDecoder::Status::more && bytes_.empty()) return State::more;
    }
    return State::whole;
  }

  UniqueFd socket_;
  TimePoint ends_;
  std::string bytes_;
  h1::HeadProgress progress_;
  h1::BodyDecoder body_;
  bool has_head_ = false;
  int refused_ = 0;
  WebRequest request_;
};

Result<SetupReply> ask(int channel, const SetupQuestion& question) {
  const std::string bytes = encode(question);
  if (::send(channel, bytes.data(), bytes.size(), MSG_NOSIGNAL) < 0) {
    return fail(Errc::unavailable, "The server is being restarted");
  }
  pollfd wait{channel, POLLIN, 0};
  if (::poll(&wait, 1, kAskMillis) != 1) return fail(Errc::unavailable, "The server is busy");
  std::string reply(kSetupMessageBytesMax, '\0');
  const ssize_t got = ::recv(channel, reply.data(), reply.size(), 0);
  if (got <= 0) return fail(Errc::unavailable, "The server is being restarted");
  const auto read = decode_setup_reply({reply.data(), static_cast<std::size_t>(got)});
  if (!read) return fail(Errc::unavailable, "The server answered in a way that is not understood");
  return *read;
}

class PageServer {
 public:
  PageServer(int listener, int channel)
      : listener_(listener),
        channel_(channel),
        site_([channel](const SetupQuestion& question) { return ask(channel, question); }) {}

  void run() {
    bool open = true;
    while (open || !connections_.empty()) {
      std::vector<pollfd> wait;
      const bool accepts = open && connections_.size() < kConnectionsMax;
      wait.push_back({accepts ? listener_ : -1, POLLIN, 0});
      wait.push_back({open ? channel_ : -1, 0, 0});  // POLLHUP alone
      for (const Connection& each : connections_) wait.push_back({each.fd(), POLLIN, 0});
      if (::poll(wait.data(), wait.size(), connections_.empty() ? -1 : 1000) < 0) continue;
      if (wait[1].revents != 0) open = false;
      serve(wait);
      if (wait[0].revents != 0) accept();
    }
  }

 private:
  void accept() {
    UniqueFd socket(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket.valid()) connections_.emplace_back(std::move(socket), Clock::now());
  }

  void serve(const std::vector<pollfd>& seen) {
    constexpr std::size_t kFirst = 2;
    const TimePoint now = Clock::now();
    std::vector<Connection> left;
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      Connection& each = connections_[i];
      const bool over = (seen[kFirst + i].revents != 0 && finish(each)) || each.late(now);
      if (!over) left.push_back(std::move(each));
    }
    connections_ = std::move(left);
  }

  // True: it is answered, or has gone.
  bool finish(Connection& connection) {
    const Connection::State state = connection.read();
    if (state != Connection::State::whole) return state == Connection::State::gone;
    const WebRequest* request = connection.request();
    if (request == nullptr) {
      connection.answer(http_bytes({connection.refused_with(), {}}, true));
      return true;
    }
    const WebAnswer answer = site_.answer(*request, Clock::now());
    connection.answer(http_bytes(answer, request->method != "HEAD"));
    return true;
  }

  using Clock = std::chrono::steady_clock;
  int listener_;
  int channel_;
  Site site_;
  std::vector<Connection> connections_;
};

}  // namespace

Result<std::string> show_setup_page(int listener, int channel) {
  PageServer(listener, channel).run();
  return std::string();
}

}  // namespace dokku::server
