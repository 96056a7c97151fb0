// Our side towards apps against our side towards clients: two codecs, and bytes in between.
#include "proxy/h2/app_session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "proxy/h1/write.h"
#include "proxy/h2/session.h"

namespace dokku::proxy::h2 {
namespace {

constexpr TimePoint kNow{std::chrono::hours(1)};

// A body that is sent as far as it is there.
struct Body {
  std::string bytes;
  bool whole = true;
  std::string trailers;

  Outgoing pull(char* into, std::size_t size) {
    const std::size_t take = std::min(size, bytes.size());
    std::memcpy(into, bytes.data(), take);
    bytes.erase(0, take);
    const bool end = whole && bytes.empty();
    return {take, end, end ? std::string_view(trailers) : std::string_view()};
  }
};

// The app: what it heard, and what it is to say.
class App final : public Events {
 public:
  explicit App(const SessionLimits& limits) : session(Session::create(*this, scratch_, limits)) {}

  std::map<std::int32_t, std::string> requests;  // head, body and trailers
  std::map<std::int32_t, Body> bodies;
  std::vector<std::int32_t> closed;
  http::RequestHead scratch_;
  std::unique_ptr<Session> session;

  void answer(std::int32_t stream, int status, bool bodiless, std::string_view lines = {}) {
    http::AnswerHead head;
    head.status = status;
    session->answer(stream, head, bodiless, "today", lines);
  }

 private:
  void on_request(std::int32_t stream, const http::RequestHead& head, bool end) override {
    std::string& text = requests[stream];
    text.append(head.method).append(" ").append(head.target).append(" ").append(head.authority);
    for (const http::Field& field : head.fields) {
      if (field.id == http::FieldId::host) continue;
      text.append("\n").append(field.name).append("=").append(field.value);
    }
    if (end) text += " END";
  }
  void on_refused(std::int32_t, int) override {}
  void on_data(std::int32_t stream, std::string_view data) override {
    requests[stream].append("|").append(data);
    session->consumed(stream, data.size());
  }
  void on_body_end(std::int32_t stream, std::string_view trailers) override {
    requests[stream].append(" END ").append(trailers);
  }
  void on_closed(std::int32_t stream) override { closed.push_back(stream); }
  Outgoing pull(std::int32_t stream, char* into, std::size_t size) override {
    return bodies[stream].pull(into, size);
  }
};

class AppSessionTest : public testing::Test, public AppEvents {
 protected:
  void begin(const SessionLimits& limits = {}) {
    app = std::make_unique<App>(limits);
    session = AppSession::create(*this, scratch);
    move();
  }
  // All bytes that either side has to say.
  void move() {
    for (bool moved = true; moved;) {
      moved = false;
      for (std::string_view out = session->next_output(); !out.empty();
           out = session->next_output()) {
        const std::string copy(out);
        app->session->receive(copy, kNow);
        moved = true;
      }
      for (std::string_view out = app->session->next_output(); !out.empty();
           out = app->session->next_output()) {
        const std::string copy(out);
        alive = session->receive(copy, kNow) && alive;
        moved = true;
      }
    }
  }
  std::int32_t ask(bool bodiless, std::string_view lines = {},
                   http::Method method = http::Method::post) {
    const std::string name = method == http::Method::head ? "HEAD" : "POST";
    const std::string head = name + " /echo?a=b HTTP/1.1\r\nHost: app.test\r\n" +
                             std::string(lines) + "\r\n";
    return session->request(head, method, bodiless);
  }

  void on_answer(std::int32_t stream, const http::AnswerHead& head, bool end) override {
    std::string& text = answers[stream];
    text += std::to_string(head.status);
    for (const http::Field& field : head.fields) {
      text.append("\n").append(field.name).append("=").append(field.value);
    }
    if (end) text += " END";
  }
  void on_data(std::int32_t stream, std::string_view data) override {
    received[stream] += data.size();
    if (reads) session->consumed(stream, data.size());
    if (data.size() < 100) answers[stream].append("|").append(data);
  }
  void on_answer_end(std::int32_t stream, std::string_view trailers) override {
    answers[stream].append(" END ").append(trailers);
  }
  void on_closed(std::int32_t stream, const StreamEnd& end) override {
    EXPECT_FALSE(ends.contains(stream)) << "closed twice: " << stream;
    ends[stream] = end;
  }
  Outgoing pull(std::int32_t stream, char* into, std::size_t size) override {
    return bodies[stream].pull(into, size);
  }

  std::unique_ptr<App> app;
  http::AnswerHead scratch;
  std::unique_ptr<AppSession> session;
  std::map<std::int32_t, std::string> answers;
  std::map<std::int32_t, std::size_t> received;
  std::map<std::int32_t, StreamEnd> ends;
  std::map<std::int32_t, Body> bodies;
  bool reads = true;
  bool alive = true;
};

TEST_F(AppSessionTest, ARequestArrivesWithoutWhatIsForHttp1Alone) {
  begin();
  const std::int32_t stream =
      ask(true, "Connection: upgrade\r\nUpgrade: x\r\nTransfer-Encoding: chunked\r\n"
                "TE: trailers\r\nGrpc-Timeout: 3S\r\nX-Forwarded-For: 10.0.0.1\r\n");
  ASSERT_GT(stream, 0);
  move();
  EXPECT_EQ(app->requests[stream],
            "POST /echo?a=b app.test\nte=trailers\ngrpc-timeout=3S\nx-forwarded-for=10.0.0.1 END");
}

TEST_F(AppSessionTest, BodiesAndTrailersGoBothWays) {
  begin();
  const std::int32_t stream = ask(false);
  bodies[stream] = {"ping", true, "x-sum: 1\r\n"};
  app->bodies[stream] = {"pong", true, "grpc-status: 0\r\ngrpc_details: a\r\nhost: no\r\n"};
  move();
  EXPECT_EQ(app->requests[stream],
            "POST /echo?a=b app.test\nTransfer-Encoding=chunked|ping END x-sum: 1\r\n");
  app->answer(stream, 200, false);
  move();
  EXPECT_EQ(answers[stream], "200\ndate=today|pong END grpc-status: 0\r\ngrpc_details: a\r\n");
  EXPECT_EQ(ends[stream].kind, StreamEnd::Kind::whole);
}

TEST_F(AppSessionTest, BothSidesSpeakInTurns) {
  begin();
  const std::int32_t stream = ask(false);
  bodies[stream] = {"one", false, {}};
  app->bodies[stream] = {"", false, {}};
  move();
  app->answer(stream, 200, false);
  app->bodies[stream].bytes = "uno";
  app->session->resume(stream);
  move();
  EXPECT_EQ(answers[stream], "200\ndate=today|uno");
  bodies[stream] = {"two", true, {}};
  session->resume(stream);
  app->bodies[stream] = {"due", true, {}};
  app->session->resume(stream);
  move();
  EXPECT_EQ(answers[stream], "200\ndate=today|uno|due END ");
  EXPECT_EQ(ends[stream].kind, StreamEnd::Kind::whole);
}

TEST_F(AppSessionTest, AnAnswerMayBeAHeadAlone) {
  begin();
  const std::int32_t stream = ask(true);
  move();
  app->answer(stream, 200, true, "grpc-status: 12\r\n");
  move();
  EXPECT_EQ(answers[stream], "200\ndate=today\ngrpc-status=12 END");
  EXPECT_EQ(ends[stream].kind, StreamEnd::Kind::whole);
}

TEST_F(AppSessionTest, InterimAnswersComeFirst) {
  begin();
  const std::int32_t stream = ask(true);
  move();
  app->answer(stream, 103, false);
  app->answer(stream, 204, true);
  move();
  EXPECT_EQ(answers[stream], "103204\ndate=today END");
}

TEST_F(AppSessionTest, TheAppsLimitOfStreamsIsKnown) {
  SessionLimits limits;
  limits.streams_max = 3;
  app = std::make_unique<App>(limits);
  session = AppSession::create(*this, scratch);
  EXPECT_EQ(session->streams_max(), 100U);
  move();
  EXPECT_EQ(session->streams_max(), 3U);
}

TEST_F(AppSessionTest, AStreamThatIsRefusedWasNotProcessed) {
  begin();
  const std::int32_t refused = ask(true);
  const std::int32_t other = ask(true);
  const std::int32_t late = ask(true);
  move();
  app->answer(late, 200, false);
  app->bodies[late].whole = false;
  move();
  app->session->reset(refused, Reset::refused);
  app->session->reset(other, Reset::calm);
  app->session->reset(late, Reset::refused);
  move();
  EXPECT_EQ(ends[refused].kind, StreamEnd::Kind::unprocessed);
  EXPECT_EQ(ends[other].kind, StreamEnd::Kind::by_app);
  EXPECT_EQ(ends[other].why, Reset::calm);
  // It had answered already.
  EXPECT_EQ(ends[late].kind, StreamEnd::Kind::by_app);
  EXPECT_EQ(ends[late].why, Reset::refused);
}

TEST_F(AppSessionTest, OursIsNotTheAppsReset) {
  begin();
  const std::int32_t stream = ask(true);
  move();
  session->reset(stream, Reset::cancel);
  move();
  EXPECT_EQ(ends[stream].kind, StreamEnd::Kind::broken);
  EXPECT_EQ(app->closed, std::vector<std::int32_t>{stream});
}

TEST_F(AppSessionTest, AfterGoodbyeNothingNewBeginsAndTheOldGoesOn) {
  begin();
  const std::int32_t stream = ask(true);
  move();
  app->session->drain();
  // A ping comes with it, and goes first.
  for (std::string_view out = app->session->next_output(); !out.empty();
       out = app->session->next_output()) {
    EXPECT_TRUE(session->receive(out, kNow));
  }
  EXPECT_FALSE(session->takes_requests());
  move();
  app->answer(stream, 200, true);
  move();
  EXPECT_EQ(ends[stream].kind, StreamEnd::Kind::whole);
}

TEST_F(AppSessionTest, WhatTheGoodbyeOvertakesWasNotProcessed) {
  begin();
  const std::int32_t stream = ask(true);
  // GOAWAY with last stream 0, while our request has not gone out.
  const std::string goaway("\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0", 17);
  EXPECT_TRUE(session->receive(goaway, kNow));
  move();
  ASSERT_TRUE(ends.contains(stream));
  EXPECT_EQ(ends[stream].kind, StreamEnd::Kind::unprocessed);
  EXPECT_LT(ask(true), 0);
}

TEST_F(AppSessionTest, WhatGoodbyeLeavesOutWasNotProcessed) {
  begin();
  const std::int32_t first = ask(true);
  const std::int32_t second = ask(true);
  move();
  const std::string goaway("\0\0\x08\x07\0\0\0\0\0\0\0\0\x01\0\0\0\0", 17);
  EXPECT_TRUE(session->receive(goaway, kNow));
  EXPECT_EQ(ends[second].kind, StreamEnd::Kind::unprocessed);
  EXPECT_FALSE(ends.contains(first));
  app->answer(first, 200, true);
  move();
  EXPECT_EQ(ends[first].kind, StreamEnd::Kind::whole);
  EXPECT_TRUE(session->over());
}

TEST_F(AppSessionTest, OneSlowReaderStopsItsOwnStreamOnly) {
  begin();
  reads = false;
  std::vector<std::int32_t> slow;
  for (int i = 0; i < 32; ++i) slow.push_back(ask(true));
  move();
  for (const std::int32_t stream : slow) {
    app->bodies[stream].bytes.assign(1 << 20, 'x');
    app->answer(stream, 200, false);
  }
  move();
  // Together more than the connection's window.
  for (const std::int32_t stream : slow) EXPECT_EQ(received[stream], 65'535U);
  reads = true;
  const std::int32_t quick = ask(true);
  move();
  app->bodies[quick].bytes.assign(1 << 20, 'x');
  app->answer(quick, 200, false);
  move();
  EXPECT_EQ(received[quick], 1U << 20);
  session->consumed(slow[0], received[slow[0]]);
  move();
  EXPECT_EQ(received[slow[0]], 1U << 20);
}

TEST_F(AppSessionTest, AnAppThatSpeaksHttp1IsNoneOfOurs) {
  begin();
  const std::int32_t stream = ask(true);
  EXPECT_GT(stream, 0);
  session = AppSession::create(*this, scratch);
  EXPECT_FALSE(session->receive("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", kNow) &&
               !session->over());
  while (!session->next_output().empty()) continue;
  EXPECT_TRUE(session->over());
}

TEST_F(AppSessionTest, AMalformedAnswerEndsItsStreamAlone) {
  begin();
  const std::int32_t bad = ask(true);
  const std::int32_t good = ask(true);
  move();
  app->answer(bad, 101, true);
  app->answer(good, 200, true);
  move();
  EXPECT_EQ(ends[bad].kind, StreamEnd::Kind::broken);
  EXPECT_FALSE(answers.contains(bad));
  EXPECT_EQ(ends[good].kind, StreamEnd::Kind::whole);
}

TEST_F(AppSessionTest, ABodyThatContradictsItsLengthIsNotWhole) {
  begin();
  const std::int32_t stream = ask(true);
  move();
  app->bodies[stream].bytes = "four";
  app->answer(stream, 200, false, "content-length: 3\r\n");
  move();
  EXPECT_EQ(ends[stream].kind, StreamEnd::Kind::broken);
}

TEST_F(AppSessionTest, PingsAreAnsweredAndTooManyAreTooMuch) {
  begin();
  const std::string ping("\0\0\x08\x06\0\0\0\0\0abcdefgh", 17);
  EXPECT_TRUE(session->receive(ping, kNow));
  const std::string pong(session->next_output());
  EXPECT_EQ(pong, std::string("\0\0\x08\x06\x01\0\0\0\0abcdefgh", 17));
  bool fine = true;
  for (int i = 0; i < 300 && fine; ++i) {
    fine = session->receive(ping, kNow);
    while (!session->next_output().empty()) continue;
  }
  EXPECT_FALSE(fine);
  EXPECT_TRUE(session->over());
}

TEST_F(AppSessionTest, FramesAreNoLargerThanWeSaid) {
  begin();
  EXPECT_FALSE(session->receive(std::string("\0\x40\x01\x09\0\0\0\0\x01", 9), kNow));
  const std::string goodbye(session->next_output());
  EXPECT_EQ(goodbye.substr(13, 4), std::string("\0\0\0\x06", 4));
}

TEST_F(AppSessionTest, EndSaysGoodbye) {
  begin();
  session->end();
  EXPECT_FALSE(session->takes_requests());
  const std::string goodbye(session->next_output());
  EXPECT_EQ(goodbye.substr(3, 1), "\x07");
  EXPECT_TRUE(session->over());
}

}  // namespace
}  // namespace dokku::proxy::h2
