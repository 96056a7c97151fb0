// The command socket with the real program `dokku` at its other end.
#include "cli/session/server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <thread>

#include "base/io.h"
#include "base/process.h"
#include "cli/client/link.h"
#include "cli/client/starting.h"
#include "tests/paths/paths.h"

namespace dokku::cli {
namespace {

using Words = std::vector<std::string>;

struct Outcome {
  int status = -1;
  std::string out, err;
};

// A server in a directory of its own, served from a thread.
class Served {
 public:
  explicit Served(std::function<int(Session&, const Words&)> run) {
    std::string name = testing::TempDir() + "dokku-server-XXXXXX";
    dir_ = ::mkdtemp(name.data());
    run_ = std::move(run);
    begin();
  }
  ~Served() {
    stop();
    std::filesystem::remove_all(dir_);
  }

  // As if the daemon was killed and started again.
  void end_without_goodbye() {
    stop();
    server_.reset();
    stop_ = *CancelToken::create();
    begin();
  }

  bool stop() {
    stop_.cancel();
    if (thread_.joinable()) thread_.join();
    return stopped_well_;
  }
  ServerOptions options() const {
    ServerOptions made;
    made.socket = socket();
    return made;
  }
  std::filesystem::path socket() const { return dir_ / "s"; }
  std::filesystem::path dir() const { return dir_; }

  Result<Process> start(const Words& words, int in, int out, int err) {
    ProcessSpec spec;
    spec.program = tests::binary_dir() / "bin/dokku";
    spec.arguments = {"dokku"};
    spec.arguments.insert(spec.arguments.end(), words.begin(), words.end());
    spec.environment = {"DOKKU_SOCKET=" + socket().string(), "PATH=/usr/bin:/bin"};
    spec.stdin_fd = in;
    spec.stdout_fd = out;
    spec.stderr_fd = err;
    return Process::start(spec);
  }

  void begin() {
    server_ = *Server::create(options(), {[](const Words&) { return false; }, run_});
    thread_ =
        std::thread([this] { stopped_well_ = *server_->serve(stop_, std::chrono::seconds(5)); });
  }

  Outcome dokku(const Words& words, std::string input = {}) {
    Result<Pipe> in = make_pipe();
    Result<Pipe> out = make_pipe();
    Result<Pipe> err = make_pipe();
    Result<Process> process = start(words, in->read.get(), out->write.get(), err->write.get());
    EXPECT_TRUE(process.has_value());
    in->read.reset();
    out->write.reset();
    err->write.reset();
    std::thread writer([&] {
      (void)write_all(in->write.get(), input).has_value();
      in->write.reset();
    });
    auto errors =
        std::async(std::launch::async, [&] { return *read_all(err->read.get(), 64U << 20); });
    Outcome outcome;
    outcome.out = *read_all(out->read.get(), 64U << 20);
    outcome.err = errors.get();
    writer.join();
    outcome.status = process->wait()->shell_status();
    return outcome;
  }

 private:
  std::filesystem::path dir_;
  std::function<int(Session&, const Words&)> run_;
  CancelToken stop_ = *CancelToken::create();
  std::unique_ptr<Server> server_;
  std::thread thread_;
  bool stopped_well_ = false;
};

class ServerTest : public testing::Test {
 protected:
  void SetUp() override { ::signal(SIGPIPE, SIG_IGN); }
};

TEST_F(ServerTest, WordsOutputAndStatusTravel) {
  Served served([](Session& session, const Words& words) {
    for (const std::string& word : words) session.out(word + "\n");
    session.err("trouble\n");
    return 20;
  });
  const Outcome outcome = served.dokku({"config:set", "blog", "A=b c", ""});
  EXPECT_EQ(outcome.out, "config:set\nblog\nA=b c\n\n");
  EXPECT_EQ(outcome.err, "trouble\n");
  EXPECT_EQ(outcome.status, 20);
}

TEST_F(ServerTest, OutputLargerThanAllBuffersArrivesWhole) {
  const std::string much(5'000'000, 'y');
  Served served([&](Session& session, const Words&) {
    session.out(much);
    return 0;
  });
  EXPECT_EQ(served.dokku({"x"}).out.size(), much.size());
}

TEST_F(ServerTest, InputIsReadToItsEnd) {
  Served served([](Session& session, const Words&) {
    const Result<std::string> input = session.read_stdin(200'000);
    session.out(input ? std::to_string(input->size()) : input.error().message());
    return 0;
  });
  EXPECT_EQ(served.dokku({"x"}, std::string(100'000, 'i')).out, "100000");
  EXPECT_EQ(served.dokku({"x"}).out, "0");
  EXPECT_EQ(served.dokku({"x"}, std::string(300'000, 'i')).out,
            "standard input is longer than 200000 bytes");
}

TEST_F(ServerTest, AQuestionIsAnsweredWithALineAndThenTheRestIsInput) {
  Served served([](Session& session, const Words&) {
    const Result<std::string> name = session.ask("> ");
    session.out(name ? *name : "none");
    const Result<std::string> rest = session.read_stdin(100);
    session.out("," + (rest ? *rest : "none"));
    return 0;
  });
  const Outcome outcome = served.dokku({"x"}, "blog\nmore\n");
  EXPECT_EQ(outcome.out, "blog,more\n");
  EXPECT_EQ(outcome.err, "> ");
  EXPECT_EQ(served.dokku({"x"}, "").out, "none,");
}

TEST_F(ServerTest, TheClientOpensTheFilesThatItsCallerNames) {
  Served served([](Session& session, const Words& words) {
    const Result<UniqueFd> file = session.open_callers_file(words[0]);
    session.out(file ? *read_all(file->get(), 100) : file.error().message());
    return 0;
  });
  const std::filesystem::path file = served.dir() / "key.pub";
  ASSERT_TRUE(write_all(open_file(file, O_CREAT | O_WRONLY)->get(), "ssh-ed25519 x").has_value());
  EXPECT_EQ(served.dokku({file.string()}).out, "ssh-ed25519 x");
  EXPECT_NE(served.dokku({"/no/such"}).out.find("No such file"), std::string::npos);
}

TEST_F(ServerTest, TheClientMakesFilesAndRemovesThemWhenTheCommandFails) {
  Served served([](Session& session, const Words& words) {
    const Result<UniqueFd> file = session.create_callers_file(words[0]);
    if (!file) {
      session.out(file.error().message());
      return 1;
    }
    return write_all(file->get(), "whole") && words.size() == 1 ? 0 : 1;
  });
  const std::filesystem::path file = served.dir() / "backup";
  EXPECT_EQ(served.dokku({file.string(), "fail"}).status, 1);
  EXPECT_FALSE(std::filesystem::exists(file));
  EXPECT_EQ(served.dokku({file.string()}).status, 0);
  EXPECT_EQ(*read_file(file), "whole");
  EXPECT_EQ(std::filesystem::status(file).permissions(), std::filesystem::perms(0600));
  EXPECT_NE(served.dokku({file.string()}).out.find("File exists"), std::string::npos);
  EXPECT_EQ(*read_file(file), "whole");  // it was there before
}

// Bulk does not pass the daemon's frames.
TEST_F(ServerTest, TheClientHandsItsOwnStreamsOver) {
  Served served([](Session& session, const Words&) {
    const Result<UniqueFd> in = session.open_callers_file("");
    const Result<UniqueFd> out = session.create_callers_file("");
    const Result<std::string> all = read_all(in->get(), 1 << 20);
    return all && write_all(out->get(), *all) ? 0 : 1;
  });
  const std::string bytes(200'000, 'b');
  EXPECT_EQ(served.dokku({"x"}, bytes).out, bytes);
}

TEST_F(ServerTest, ASecretIsAskedForAndALineAnswers) {
  Served served([](Session& session, const Words&) {
    const Result<std::string> word = session.ask_secret("Passphrase: ");
    session.out(word ? *word : "none");
    return 0;
  });
  const Outcome outcome = served.dokku({"x"}, "word\n");
  EXPECT_EQ(outcome.out, "word");
  EXPECT_EQ(outcome.err, "Passphrase: \n");
}

TEST_F(ServerTest, AnAttachedProcessIsCopiedByTheClientAndEndsFromAnyThread) {
  std::vector<std::thread> enders;
  std::promise<void> closed;
  Served served([&](Session& session, const Words&) {
    Result<Pipe> in = make_pipe();
    Result<Pipe> out = make_pipe();
    ProcessSpec cat;
    cat.program = "/bin/cat";
    cat.arguments = {"cat"};
    cat.stdin_fd = in->read.get();
    cat.stdout_fd = out->write.get();
    auto process = std::make_shared<Process>(*Process::start(cat));
    Attachment attachment;
    attachment.in = std::move(in->write);
    attachment.out = std::move(out->read);
    attachment.on_stdin_closed = [&] { closed.set_value(); };
    EXPECT_TRUE(session.attach(std::move(attachment)).has_value());
    enders.emplace_back([process, finish = session.finish_later()] {
      (void)process->wait().has_value();
      finish(42, {});
    });
    return 0;
  });
  std::string sent;
  for (int i = 0; sent.size() < 8'000'000; ++i) sent += std::to_string(i) + " ";
  const Outcome outcome = served.dokku({"x"}, sent);
  EXPECT_EQ(outcome.out.size(), sent.size());
  EXPECT_TRUE(outcome.out == sent);
  EXPECT_EQ(outcome.status, 42) << outcome.err;
  EXPECT_EQ(closed.get_future().wait_for(std::chrono::seconds(5)), std::future_status::ready);
  for (std::thread& ender : enders) ender.join();
}

// Waits for the cancel token as a deploy does.
int wait_for_cancel(Session& session) {
  pollfd one{session.cancel().fd(), POLLIN, 0};
  return ::poll(&one, 1, 10'000) == 1 ? 130 : 1;
}

TEST_F(ServerTest, AnInterruptCancelsTheCommandWhichSaysHowItEnded) {
  std::promise<void> running;
  Served served([&](Session& session, const Words&) {
    running.set_value();
    const int status = wait_for_cancel(session);
    session.out("the old release serves\n");
    return status;
  });
  Result<Pipe> out = make_pipe();
  Result<Process> client = served.start({"x"}, -1, out->write.get(), -1);
  out->write.reset();
  running.get_future().wait();
  ASSERT_TRUE(client->signal(SIGINT).has_value());
  EXPECT_EQ(*read_all(out->read.get(), 1000), "the old release serves\n");
  EXPECT_EQ(client->wait()->shell_status(), 130);
}

TEST_F(ServerTest, AClientThatIsKilledCancelsItsCommand) {
  std::promise<void> running;
  std::promise<int> ended;
  Served served([&](Session& session, const Words&) {
    running.set_value();
    const int status = wait_for_cancel(session);
    session.out(std::string(1'000'000, 'x'));  // to nobody, and does not block
    ended.set_value(status);
    return 0;
  });
  Result<Process> client = served.start({"x"}, -1, -1, -1);
  running.get_future().wait();
  ASSERT_TRUE(client->signal(SIGKILL).has_value());
  EXPECT_EQ(ended.get_future().get(), 130);
}

TEST_F(ServerTest, AnAttachedProcessHearsOfSignalsAndOfItsClientsDeath) {
  std::promise<int> signalled;
  std::promise<void> gone;
  Served served([&](Session& session, const Words&) {
    Attachment attachment;
    attachment.on_signal = [&](int number) { signalled.set_value(number); };
    attachment.on_gone = [&] { gone.set_value(); };
    EXPECT_TRUE(session.attach(std::move(attachment)).has_value());
    session.out("attached");
    session.finish_later();
    return 0;
  });
  Result<Pipe> out = make_pipe();
  Result<Process> client = served.start({"x"}, -1, out->write.get(), -1);
  std::string seen(8, ' ');
  ASSERT_EQ(*read_some(out->read.get(), seen.data(), seen.size()), 8U);
  ASSERT_TRUE(client->signal(SIGTERM).has_value());
  EXPECT_EQ(signalled.get_future().get(), SIGTERM);
  ASSERT_TRUE(client->signal(SIGKILL).has_value());
  EXPECT_EQ(gone.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

// A terminal of the test's own, and what its modes are.
class Terminal {
 public:
  Terminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    ::grantpt(master_.get());
    ::unlockpt(master_.get());
    slave_ = UniqueFd(::open(::ptsname(master_.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
  }
  int master() const { return master_.get(); }
  int slave() const { return slave_.get(); }
  bool raw() const {
    termios modes{};
    ::tcgetattr(slave_.get(), &modes);
    return (modes.c_lflag & ICANON) == 0;
  }
  bool becomes_raw(bool wanted) const {
    for (int i = 0; i < 1000 && raw() != wanted; ++i) ::poll(nullptr, 0, 10);
    return raw() == wanted;
  }

 private:
  UniqueFd master_, slave_;
};

TEST_F(ServerTest, ATerminalIsRawWhileAttachedAndPutBackHoweverTheClientEnds) {
  for (const int number : {0, SIGTERM, SIGHUP, SIGKILL}) {
    SCOPED_TRACE(number);
    std::promise<Finish> finisher;
    std::promise<void> resized;
    std::promise<void> gone;
    Served served([&](Session& session, const Words&) {
      EXPECT_TRUE(session.terminal().stdin_is_terminal);
      Attachment attachment;
      attachment.terminal = true;
      const auto finish = session.finish_later();
      attachment.on_resize = [&](unsigned columns, unsigned rows) {
        EXPECT_EQ(columns, 123U);
        EXPECT_EQ(rows, 45U);
        resized.set_value();
      };
      attachment.on_signal = [finish](int) { finish(143, {}); };
      attachment.on_gone = [&] { gone.set_value(); };
      EXPECT_TRUE(session.attach(std::move(attachment)).has_value());
      finisher.set_value(finish);
      return 0;
    });
    Terminal terminal;
    Result<Process> client =
        served.start({"x"}, terminal.slave(), terminal.slave(), terminal.slave());
    const Finish finish = finisher.get_future().get();
    ASSERT_TRUE(terminal.becomes_raw(true));
    winsize size{};
    size.ws_col = 123;
    size.ws_row = 45;
    ::ioctl(terminal.master(), TIOCSWINSZ, &size);
    ASSERT_TRUE(client->signal(SIGWINCH).has_value());
    resized.get_future().wait();
    if (number == 0) {
      finish(7, {});
    } else {
      ASSERT_TRUE(client->signal(number).has_value());
    }
    EXPECT_TRUE(terminal.becomes_raw(false));
    const int status = client->wait()->shell_status();
    EXPECT_EQ(status, number == 0 ? 7 : 128 + number);
    if (number == SIGKILL) {
      EXPECT_EQ(gone.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
    }
  }
}

TEST_F(ServerTest, AnAttachedClientOutlivesTheDaemonAndAsksTheNextOneForTheStatus) {
  Result<Pipe> out = make_pipe();
  std::promise<void> attached;
  auto run = [&, first = true](Session& session, const Words& words) mutable {
    if (words[0] == "run:resume") return words.size() == 2 && words[1] == "blog.run.1" ? 9 : 1;
    EXPECT_TRUE(std::exchange(first, false));
    Attachment attachment;
    attachment.out = std::move(out->read);
    attachment.resume = {"run:resume", "blog.run.1"};
    EXPECT_TRUE(session.attach(std::move(attachment)).has_value());
    static_cast<void>(session.finish_later());
    attached.set_value();
    return 0;
  };
  auto served = std::make_unique<Served>(run);
  const std::filesystem::path socket = served->socket();
  Result<Pipe> seen = make_pipe();
  Result<Process> client = served->start({"x"}, -1, seen->write.get(), -1);
  seen->write.reset();
  attached.get_future().wait();
  served->end_without_goodbye();
  ASSERT_TRUE(write_all(out->write.get(), "printed meanwhile").has_value());
  out->write.reset();
  EXPECT_EQ(*read_all(seen->read.get(), 1000), "printed meanwhile");
  EXPECT_EQ(client->wait()->shell_status(), 9);
}

TEST_F(ServerTest, AStopCancelsCommandsAndLetsThemSayGoodbye) {
  std::promise<void> running;
  Served served([&](Session& session, const Words&) {
    running.set_value();
    const int status = wait_for_cancel(session);
    session.out("stopped");
    return status;
  });
  auto outcome = std::async(std::launch::async, [&] { return served.dokku({"x"}); });
  running.get_future().wait();
  EXPECT_TRUE(served.stop());
  EXPECT_EQ(outcome.get().out, "stopped");
}

TEST_F(ServerTest, TheClientBecomesTheProgramThatItIsTold) {
  Served served([](Session& session, const Words&) {
    (void)session.become({{"/bin/sh", "-c", "echo $A; exit 5"}, {"A=turned"}}).has_value();
    return 0;
  });
  const Outcome outcome = served.dokku({"x"});
  EXPECT_EQ(outcome.out, "turned\n");
  EXPECT_EQ(outcome.status, 5);
}

TEST_F(ServerTest, TheSocketIsForItsGroupAloneAndIsNotTakenFromALivingDaemon) {
  Served served([](Session&, const Words&) { return 0; });
  struct stat info {};
  ASSERT_EQ(::stat(served.socket().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  const Result<std::unique_ptr<Server>> second = Server::create(served.options(), {});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code(), Errc::already_exists);
  served.stop();
}

TEST_F(ServerTest, WithoutADaemonTheClientSaysHowToStartIt) {
  Served served([](Session&, const Words&) { return 0; });
  served.stop();
  std::filesystem::remove(served.socket());
  const Outcome outcome = served.dokku({"apps:list"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find(" !     dokkud does not run"), std::string::npos);
  EXPECT_NE(outcome.err.find("Start it: " + how_to("start")), std::string::npos);
}

TEST_F(ServerTest, GarbageIsCutOffAndHarmsNobodyElse) {
  Served served([](Session& session, const Words&) {
    session.out("fine");
    return 0;
  });
  wire::Call call;
  call.argv = {"x"};
  Result<Link> link = Link::call(served.socket(), call);
  ASSERT_TRUE(link->send(wire::FrameType::input, "nobody asked").has_value());
  EXPECT_EQ(served.dokku({"x"}).out, "fine");
}

}  // namespace
}  // namespace dokku::cli
