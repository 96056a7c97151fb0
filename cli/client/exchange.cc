#include "cli/client/exchange.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/io.h"
#include "cli/client/become.h"
#include "cli/client/signals.h"
#include "cli/client/starting.h"
#include "cli/client/terminal.h"

namespace dokku::cli {
namespace {

using wire::FrameType;

constexpr int kBrokenPipe = 128 + SIGPIPE;
// After the exit status, how long output may stay away before we stop to wait for its end.
constexpr auto kDrainLimit = std::chrono::seconds(3);
// A daemon that was restarted is back long before.
constexpr auto kReturnLimit = std::chrono::seconds(30);
constexpr int kRetryMilliseconds = 50;
constexpr auto kRetry = std::chrono::milliseconds(kRetryMilliseconds);

TimePoint now() { return std::chrono::steady_clock::now(); }

class Exchange {
 public:
  Exchange(ExchangeOptions options, Link link, Signals signals)
      : options_(std::move(options)), link_(std::move(link)), signals_(std::move(signals)) {}

  int run() {
    while (!end_) {
      polls_.clear();
      add_polls();
      const int ready = ::poll(polls_.data(), polls_.size(), timeout());
      if (ready < 0 && errno != EINTR) return give_up("poll failed");
      if (ready < 0) continue;
      step();
    }
    // Half a file would look like a whole one.
    if (*end_ != 0) {
      for (const std::string& path : made_) ::unlink(path.c_str());
    }
    return *end_;
  }

 private:
  void add_polls() {
    polls_.push_back({signals_.fd(), POLLIN, 0});
    if (link_) polls_.push_back({link_->fd(), POLLIN, 0});
    if (options_.ends_with_its_reader || attached_) polls_.push_back({STDOUT_FILENO, 0, 0});
    if (options_.reader_to_watch.valid()) polls_.push_back({options_.reader_to_watch.get(), 0, 0});
    if (wants_typed_input()) polls_.push_back({STDIN_FILENO, POLLIN, 0});
    if (attached_) attached_->add_polls(polls_);
  }

  bool wants_typed_input() const { return !attached_ && (sends_input_ || asks_); }

  int timeout() const {
    if (!link_ || status_) return kRetryMilliseconds;
    return -1;
  }

  void step() {
    const auto ready = [&](int fd, short events) {
      for (const pollfd& one : polls_) {
        if (one.fd == fd && (one.revents & events) != 0) return true;
      }
      return false;
    };
    const bool typed = wants_typed_input() && ready(STDIN_FILENO, POLLIN | POLLHUP | POLLERR);
    while (const std::optional<int> number = signals_.take()) on_signal(*number);
    if (link_ && ready(link_->fd(), POLLIN | POLLHUP | POLLERR)) on_link_ready();
    if (end_) return;
    if (typed) on_typed_input();
    if (attached_) step_attached();
    if ((options_.ends_with_its_reader || attached_) && !status_ &&
        ready(STDOUT_FILENO, POLLERR | POLLHUP)) {
      end_ = kBrokenPipe;
    }
    const UniqueFd& watched = options_.reader_to_watch;
    if (watched.valid() && !status_ && ready(watched.get(), POLLERR | POLLHUP)) end_ = kBrokenPipe;
    if (!link_ && !status_ && !end_) on_daemon_away();
  }

  // --- frames ------------------------------------------------------------------------------------

  void on_link_ready() {
    const Result<bool> there = link_->receive();
    if (there && *there && !std::exchange(saw_greeting_, true)) options_.descriptors.clear();
    for (;;) {
      Result<std::optional<wire::Frame>> frame = link_->next();
      if (!frame) {
        complain(frame.error().message());
        end_ = 1;
        return;
      }
      if (!*frame) break;
      if (const Result<> handled = handle(**frame); !handled) {
        complain(handled.error().message());
        end_ = 1;
      }
      if (end_) return;
    }
    if (there && *there) return;
    link_.reset();
    if (!status_) lost_at_ = now();
  }

  Result<> handle(const wire::Frame& frame) {
    switch (frame.type) {
      case FrameType::out:
      case FrameType::err:
        print(frame.type == FrameType::out ? STDOUT_FILENO : STDERR_FILENO, frame.payload);
        return {};
      case FrameType::exit: {
        const std::uint8_t status = TRY(wire::decode_number(frame.payload));
        on_exit_status(status);
        return {};
      }
      case FrameType::want_input:
        sends_input_ = true;
        forward_typed();
        return {};
      case FrameType::ask:
        print(STDERR_FILENO, frame.payload);
        asks_ = true;
        answer_from_typed();
        return {};
      case FrameType::ask_secret:
        hidden_ = std::make_unique<NoEcho>(STDIN_FILENO);
        print(STDERR_FILENO, frame.payload);
        asks_ = true;
        answer_from_typed();
        return {};
      case FrameType::open:
        return open_for_daemon(frame.payload);
      case FrameType::create:
        return create_for_daemon(frame.payload);
      case FrameType::attach: {
        const wire::Attach message = TRY(wire::decode_attach(frame.payload));
        attach(message, link_->take_descriptors(frame));
        return {};
      }
      case FrameType::become: {
        const wire::Become program = TRY(wire::decode_become(frame.payload));
        signals_.restore();
        return become(program, options_.environment);
      }
      default:
        return fail(Errc::invalid_argument, "unexpected frame from dokkud");
    }
  }

  void on_exit_status(int status) {
    status_ = status;
    drain_until_ = now() + kDrainLimit;
    if (attached_) attached_->end_input();
    if (!attached_ || attached_->output_ended()) end_ = status;
  }

  void attach(const wire::Attach& message, std::vector<UniqueFd> streams) {
    // Taking over after the daemon's restart: the streams are ours already.
    if (attached_) return;
    attached_ = std::make_unique<Attached>(message, std::move(streams), std::exchange(typed_, {}));
    if (attached_->raw_terminal()) signals_.add(SIGTSTP);
  }

  Result<> open_for_daemon(const std::string& path) {
    // Non-blocking: a FIFO that nobody writes to must not hold us.
    return send_file(path.empty() ? own_stream(STDIN_FILENO)
                                  : open_file(path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
  }

  Result<> create_for_daemon(const std::string& path) {
    if (path.empty()) return send_file(own_stream(STDOUT_FILENO));
    Result<UniqueFd> file =
        open_file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOCTTY | O_NOFOLLOW, 0600);
    if (file) made_.push_back(path);
    return send_file(std::move(file));
  }

  static Result<UniqueFd> own_stream(int fd) {
    UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
    if (!copy.valid()) return fail_syscall("dup", errno);
    return copy;
  }

  Result<> send_file(Result<UniqueFd> file) {
    std::vector<UniqueFd> fds;
    std::string why;
    if (file) {
      fds.push_back(*std::move(file));
    } else {
      why = file.error().message();
    }
    return link_->send(FrameType::opened, why, fds);
  }

  void print(int fd, std::string_view bytes) {
    const Result<> printed = options_.print ? options_.print(fd, bytes) : write_all(fd, bytes);
    if (!printed && fd == STDOUT_FILENO) end_ = kBrokenPipe;
  }

  // --- standard input ----------------------------------------------------------------------------

  void on_typed_input() {
    std::array<char, 32768> piece;  // NOLINT: filled by read
    const Result<std::size_t> got = read_some(STDIN_FILENO, piece.data(), piece.size());
    if (!got || *got == 0) {
      typed_ended_ = true;
    } else {
      typed_.append(piece.data(), *got);
    }
    if (sends_input_) forward_typed();
    if (asks_) answer_from_typed();
  }

  void forward_typed() {
    while (!typed_.empty()) {
      const std::string piece = typed_.substr(0, wire::kDataBytesMax);
      typed_.erase(0, piece.size());
      send(FrameType::input, piece);
    }
    if (!typed_ended_) return;
    send(FrameType::input_end, {});
    sends_input_ = false;
  }

  void answer_from_typed() {
    const std::size_t newline = typed_.find('\n');
    if (newline == std::string::npos && !typed_ended_ && typed_.size() < wire::kDataBytesMax) {
      return;
    }
    const bool has_line = newline != std::string::npos;
    std::string line = typed_.substr(0, has_line ? newline : 0);
    if (line.ends_with('\r')) line.pop_back();
    typed_.erase(0, has_line ? newline + 1 : 0);
    asks_ = false;
    if (hidden_ != nullptr) print(STDERR_FILENO, "\n");  // the one that was typed was not shown
    hidden_.reset();
    send(FrameType::answer, wire::encode_answer({has_line, std::move(line)}));
  }

  // A daemon that is gone shows at the next receive.
  void send(FrameType type, std::string_view payload) {
    if (!link_) return;
    [[maybe_unused]] const Result<> sent = link_->send(type, payload);
  }

  // --- attached ----------------------------------------------------------------------------------

  void step_attached() {
    if (attached_->step(polls_)) drain_until_ = now() + kDrainLimit;
    if (attached_->take_input_closed()) send(FrameType::input_end, {});
    if (attached_->output_refused()) end_ = kBrokenPipe;
    if (status_ && (attached_->output_ended() || now() > drain_until_)) end_ = *status_;
  }

  void on_daemon_away() {
    if (!saw_greeting_) return call_anew();
    const bool resumes = attached_ && !attached_->resume().empty();
    if (!resumes && !asks_what_became_) {
      asks_what_became_ = true;
      complain("dokkud ended while it ran " + what() + "; waiting for it to come back");
    }
    wire::Call call = options_.call;
    call.argv = resumes ? attached_->resume() : what_became();
    Result<Link> link = Link::call(options_.socket, call);
    if (link) {
      link_ = *std::move(link);
      return;
    }
    if (now() - lost_at_ < kReturnLimit) return;
    complain("dokkud ended and did not come back; what became of the command is not known");
    complain("Start it: " + how_to("start") + ". Then type the command again");
    end_ = 1;
  }

  // It ended, or has no room, and never saw the call: nothing was done, so it may be made again.
  void call_anew() {
    if (!refused_at_) refused_at_ = now();
    if (now() - *refused_at_ >= kReturnLimit) {
      complain("dokkud closed the connection before it took the command; nothing was done");
      complain("Try again in a moment");
      end_ = 1;
      return;
    }
    if (called_anew_at_ && now() - *called_anew_at_ < kRetry) return;
    called_anew_at_ = now();
    Result<Link> link = Link::call(options_.socket, options_.call, options_.descriptors);
    if (link) link_ = *std::move(link);
  }

  // The next daemon knows from the store (cli/commands/call_outcome.cc).
  std::vector<std::string> what_became() const {
    std::vector<std::string> words{"call-outcome", options_.call.environment.at("DOKKU_CALL"),
                                   what()};
    const std::vector<std::string>& argv = options_.call.argv;
    if (argv.size() > 1 && argv[0] == "git-hook") words.insert(words.end(), {argv[0], argv[1]});
    return words;
  }

  // Never the values that a command sets.
  std::string what() const {
    if (!options_.what.empty()) return options_.what;
    std::string words;
    for (const std::string& word : options_.call.argv) {
      if (words.size() + word.size() > 60 || word.find('=') != std::string::npos) {
        words += " …";
        break;
      }
      words += (words.empty() ? "" : " ") + word;
    }
    return "`" + words + "`";
  }

  int give_up(std::string_view why) {
    complain(why);
    return 1;
  }

  // --- signals -----------------------------------------------------------------------------------

  void on_signal(int number) {
    RawTerminal* raw = attached_ ? attached_->raw_terminal() : nullptr;
    switch (number) {
      case SIGWINCH:
        send_size();
        break;
      case SIGTSTP:
        if (raw) raw->suspend();
        ::raise(SIGSTOP);
        break;
      case SIGCONT:
        if (raw) raw->resume();
        send_size();
        break;
      default:
        on_ending_signal(number);
    }
  }

  void on_ending_signal(int number) {
    send(FrameType::signal, wire::encode_number(static_cast<std::uint8_t>(number)));
    // The terminal is gone, or the person insists, or there is nobody to tell.
    const bool insists = interrupts_++ > 0 && !attached_;
    if (number == SIGHUP || insists || !link_) end_ = 128 + number;
  }

  void send_size() {
    if (!attached_ || !attached_->has_terminal()) return;
    const TerminalSize size = terminal_size();
    send(FrameType::resize, wire::encode_resize({static_cast<std::uint16_t>(size.columns),
                                                 static_cast<std::uint16_t>(size.rows)}));
  }

  ExchangeOptions options_;
  std::optional<Link> link_;
  Signals signals_;
  std::vector<pollfd> polls_;
  std::unique_ptr<Attached> attached_;
  std::unique_ptr<NoEcho> hidden_;  // while a secret is typed
  std::vector<std::string> made_;   // files for the daemon to write
  std::string typed_;               // read from standard input and not used yet
  bool typed_ended_ = false;
  bool sends_input_ = false;
  bool asks_ = false;
  bool saw_greeting_ = false;
  bool asks_what_became_ = false;
  int interrupts_ = 0;
  std::optional<int> status_;  // of the command; output may still come
  std::optional<int> end_;     // ours
  TimePoint lost_at_{};
  std::optional<TimePoint> refused_at_;  // by a daemon that took no call
  std::optional<TimePoint> called_anew_at_;
  TimePoint drain_until_{};
};

// By which the next daemon finds the call, should this one die; nobody else can guess it.
Result<std::string> random_name() {
  std::array<unsigned char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return fail_syscall("getrandom", errno);
  }
  std::string name;
  for (const unsigned char byte : bytes) {
    name += "0123456789abcdef"[byte >> 4];
    name += "0123456789abcdef"[byte & 15];
  }
  return name;
}

// A daemon that is being restarted refuses for some hundred milliseconds.
Result<Link> call_patiently(const ExchangeOptions& options) {
  const TimePoint deadline = now() + std::chrono::seconds(3);
  for (;;) {
    Result<Link> link = Link::call(options.socket, options.call, options.descriptors);
    if (link || link.error().code() != Errc::unavailable || now() > deadline) return link;
    ::poll(nullptr, 0, kRetryMilliseconds);
  }
}

}  // namespace

Result<int> exchange(ExchangeOptions options) {
  std::string name = TRY(random_name());
  options.call.environment["DOKKU_CALL"] = std::move(name);
  Signals signals = TRY(Signals::block({SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGCONT}));
  Link link = TRY(call_patiently(options));
  return Exchange(std::move(options), std::move(link), std::move(signals)).run();
}

void complain(std::string_view text) {
  std::string lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines += " !     " + std::string(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (lines.empty()) return;
  [[maybe_unused]] const Result<> ignored = write_all(STDERR_FILENO, lines);
}

}  // namespace dokku::cli
