#include "server/setup_page/page_server.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <thread>

#include "base/io.h"
#include "server/setup_page/messages.h"

namespace dokku::server {
namespace {

const std::string kToken = "0123456789abcdef0123456789abcdef";

// The page on a port of its own, and a daemon that knows one token.
class SetupPageServer : public testing::Test {
 protected:
  void SetUp() override {
    listener_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    ASSERT_EQ(::bind(listener_.get(), generic(), size), 0);
    ASSERT_EQ(::listen(listener_.get(), 16), 0);
    ASSERT_EQ(::getsockname(listener_.get(), generic(), &size), 0);
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
    ours_ = UniqueFd(ends[0]);
    theirs_ = UniqueFd(ends[1]);
    page_ = std::thread([this] { EXPECT_TRUE(show_setup_page(listener_.get(), theirs_.get())); });
    daemon_ = std::thread([this] { answer_questions(); });
  }
  void TearDown() override {
    end_channel();
    if (page_.joinable()) page_.join();
    daemon_.join();
  }

  void end_channel() { ::shutdown(ours_.get(), SHUT_RDWR); }

  void answer_questions() {
    std::string bytes(kSetupMessageBytesMax, '\0');
    for (;;) {
      const ssize_t got = ::recv(ours_.get(), bytes.data(), bytes.size(), 0);
      if (got <= 0) return;
      const auto question =
          decode_setup_question(std::string_view(bytes).substr(0, static_cast<std::size_t>(got)));
      ASSERT_TRUE(question);
      SetupReply reply;
      if (question->token == kToken) reply.kind = SetupReply::Kind::form;
      if (question->apply) reply = {.kind = SetupReply::Kind::refused, .message = question->keys};
      const std::string text = encode(reply);
      ::send(ours_.get(), text.data(), text.size(), MSG_NOSIGNAL);
    }
  }

  sockaddr* generic() { return reinterpret_cast<sockaddr*>(&address_); }

  UniqueFd connect() {
    UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(socket.get(), generic(), sizeof address_), 0);
    return socket;
  }
  std::string ask(const std::vector<std::string>& pieces) {
    const UniqueFd socket = connect();
    for (const std::string& piece : pieces) EXPECT_TRUE(write_all(socket.get(), piece));
    return read_all(socket.get(), 1 << 20).value_or("?");
  }

  sockaddr_in address_{};
  UniqueFd listener_, ours_, theirs_;
  std::thread page_, daemon_;
};

TEST_F(SetupPageServer, AnswersWhatComesInPieces) {
  const std::string answer = ask({"GET /setup/", kToken, " HTTP/1.1\r\nHost: 203.0", ".113.7\r\n",
                                  "X-Forwarded-For: 198.51.100.1\r\n", "\r\n"});
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("</html>\n"));
}

TEST_F(SetupPageServer, TakesBodiesOfBothKinds) {
  const std::string head = "POST /setup/" + kToken + " HTTP/1.1\r\nHost: a\r\n";
  for (const auto& pieces :
       {std::vector<std::string>{head + "Content-Length: 17\r\n\r\n", "way=none&k", "eys=abc"},
        {head + "Transfer-Encoding: chunked\r\n\r\n", "a\r\nway=none&k\r\n", "7\r\neys=abc\r\n",
         "0\r\n\r\n"}}) {
    const std::string answer = ask(pieces);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 422 ")) << answer;
    EXPECT_NE(answer.find("<strong>abc</strong>"), std::string::npos);
  }
}

TEST_F(SetupPageServer, WhatIsNoRequestOrTooLargeIsRefused) {
  EXPECT_TRUE(ask({"nonsense\r\n\r\n"}).starts_with("HTTP/1.1 400 "));
  const UniqueFd socket = connect();
  ASSERT_TRUE(write_all(socket.get(), "POST /setup/" + kToken +
                                          " HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n"));
  // As much as is refused, and no more: unread bytes would take the answer away.
  ASSERT_TRUE(write_all(socket.get(), std::string(kSetupFormBytesMax + 1, 'x')));
  std::array<char, 12> begin{};
  ASSERT_EQ(::recv(socket.get(), begin.data(), begin.size(), MSG_WAITALL), 12);
  EXPECT_EQ(std::string(begin.data(), begin.size()), "HTTP/1.1 413");
}

TEST_F(SetupPageServer, ManySilentConnectionsKeepNobodyElseOut) {
  std::vector<UniqueFd> silent;
  for (int i = 0; i < 20; ++i) silent.push_back(connect());
  const std::string answer = ask({"HEAD /setup/" + kToken + " HTTP/1.1\r\nHost: a\r\n\r\n"});
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(SetupPageServer, EndsWithItsChannel) {
  end_channel();
  page_.join();
}

}  // namespace
}  // namespace dokku::server
