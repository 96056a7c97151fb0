#include "cli/session/connection.h"

#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "cli/wire/transfer.h"

namespace dokku::cli {
namespace {

using wire::FrameType;

// A job waits when this much output of its command was not taken by the client.
constexpr std::size_t kOutgoingBytesMax = 256U << 10;

bool is_output(FrameType type) { return type == FrameType::out || type == FrameType::err; }

}  // namespace

Connection::Connection(UniqueFd socket, CancelToken cancel, JobPool& callbacks,
                       std::function<void(int fd, bool wanted)> write_wanted)
    : socket_(std::move(socket)),
      cancel_(std::move(cancel)),
      callback_pool_(callbacks),
      write_wanted_(std::move(write_wanted)) {
  std::lock_guard lock(mutex_);
  enqueue({wire::greeting(), {}});
}

// --- epoll thread --------------------------------------------------------------------------------

Connection::Next Connection::on_readable(const std::function<void(wire::Call)>& on_call) {
  std::string bytes;
  const Result<wire::Received> received = wire::receive_some(socket_.get(), bytes, received_fds_);
  if (!received || received->end) return Next::close;
  reader_.feed(bytes);
  if (const Result<> handled = receive_frames(on_call); !handled) {
    refuse(handled.error().message());
    return Next::close;
  }
  return Next::keep;
}

Result<> Connection::receive_frames(const std::function<void(wire::Call)>& on_call) {
  const std::optional<std::uint16_t> version = TRY(reader_.version());
  if (!version) return {};
  if (*version < wire::kOldestVersion) tell_older_client(*version);
  // A newer one has our version from the greeting, and knows what to do about the difference.
  if (*version < wire::kOldestVersion || *version > wire::kVersion) {
    return fail(Errc::invalid_argument, "a client of protocol " + std::to_string(*version));
  }
  for (;;) {
    std::optional<wire::Frame> frame = TRY(reader_.next());
    if (!frame) return {};
    TRY(handle(*std::move(frame), on_call));
  }
}

// In the two frames that every version knows.
void Connection::tell_older_client(std::uint16_t version) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string lines = " !     This program speaks version " + std::to_string(version) +
                            " of the protocol and the running dokkud version " +
                            std::to_string(wire::kVersion) +
                            "; nothing was done\n !     This program is the older one. Type: " +
                            (self.parent_path() / "dokku").string() + "\n";
  std::lock_guard lock(mutex_);
  enqueue({wire::encode(FrameType::err, lines), {}});
  enqueue({wire::encode(FrameType::exit, wire::encode_number(1)), {}});
  flush();
}

Result<> Connection::handle(wire::Frame frame, const std::function<void(wire::Call)>& on_call) {
  if ((frame.type == FrameType::call) == called_) {
    return fail(Errc::invalid_argument, "a client's first frame, and no other, is its call");
  }
  switch (frame.type) {
    case FrameType::call:
      return handle_call(std::move(frame), on_call);
    case FrameType::input:
      return handle_input(std::move(frame.payload));
    case FrameType::input_end:
      return handle_input_end();
    case FrameType::signal: {
      const std::uint8_t number = TRY(wire::decode_number(frame.payload));
      return handle_signal(number);
    }
    case FrameType::resize: {
      const wire::Resize size = TRY(wire::decode_resize(frame.payload));
      std::lock_guard lock(mutex_);
      if (attachment_ && attachment_->on_resize) {
        call_back([resize = attachment_->on_resize, size] { resize(size.columns, size.rows); });
      }
      return {};
    }
    case FrameType::answer: {
      wire::Answer answer = TRY(wire::decode_answer(frame.payload));
      std::lock_guard lock(mutex_);
      answer_ = std::move(answer);
      changed_.notify_all();
      return {};
    }
    case FrameType::opened: {
      std::vector<UniqueFd> fds = TRY(wire::take_descriptors(received_fds_, frame.descriptors));
      std::lock_guard lock(mutex_);
      if (fds.size() == 1) {
        opened_ = std::move(fds.front());
      } else {
        opened_ = fail(Errc::not_found, frame.payload);
      }
      changed_.notify_all();
      return {};
    }
    default:
      return fail(Errc::invalid_argument, "a frame that only daemons send");
  }
}

Result<> Connection::handle_call(wire::Frame frame,
                                 const std::function<void(wire::Call)>& on_call) {
  wire::Call call = TRY(wire::decode_call(frame.payload));
  std::vector<UniqueFd> fds = TRY(wire::take_descriptors(received_fds_, frame.descriptors));
  called_ = true;
  {
    std::lock_guard lock(mutex_);
    call_fds_ = std::move(fds);
  }
  on_call(std::move(call));
  return {};
}

Result<> Connection::handle_input(std::string bytes) {
  std::lock_guard lock(mutex_);
  if (!input_wanted_) return fail(Errc::invalid_argument, "input that nobody asked for");
  if (input_.size() + bytes.size() > input_max_) {
    input_too_long_ = true;
    input_.clear();
    changed_.notify_all();
  }
  if (!input_too_long_) input_ += bytes;
  return {};
}

Result<> Connection::handle_input_end() {
  std::lock_guard lock(mutex_);
  if (attachment_) {
    if (attachment_->on_stdin_closed) call_back(attachment_->on_stdin_closed);
    return {};
  }
  input_ended_ = true;
  changed_.notify_all();
  return {};
}

Result<> Connection::handle_signal(int number) {
  if (number < 1 || number > 31) return fail(Errc::invalid_argument, "no such signal");
  std::lock_guard lock(mutex_);
  if (attachment_ && attachment_->on_signal) {
    call_back([deliver = attachment_->on_signal, number] { deliver(number); });
  } else if (number == SIGINT || number == SIGTERM || number == SIGHUP) {
    cancel_.cancel();
    changed_.notify_all();
  }
  return {};
}

void Connection::refuse(const std::string& why) {
  log::warn("a client on the command socket was cut off: " + why);
}

Connection::Next Connection::on_writable() {
  std::lock_guard lock(mutex_);
  flush();
  return Next::keep;
}

void Connection::hang_up() {
  std::lock_guard lock(mutex_);
  if (gone_) return;
  gone_ = true;
  outgoing_.clear();
  outgoing_bytes_ = 0;
  cancel_.cancel();
  if (attachment_ && attachment_->on_gone && !finished_) call_back(attachment_->on_gone);
  let_go_of_attachment();
  changed_.notify_all();
}

void Connection::stop() {
  std::lock_guard lock(mutex_);
  if (!attachment_) cancel_.cancel();
  changed_.notify_all();
}

// --- job threads ---------------------------------------------------------------------------------

void Connection::write(FrameType type, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, wire::kDataBytesMax);
    bytes.remove_prefix(piece.size());
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return gone_ || outgoing_bytes_ < kOutgoingBytesMax; });
    if (gone_ || finished_) return;
    enqueue({wire::encode(type, piece), {}});
  }
}

Result<> Connection::send(FrameType type, std::string_view payload, std::vector<UniqueFd> fds) {
  if (payload.size() > wire::kPayloadBytesMax && !is_output(type)) {
    return fail(Errc::limit_exceeded, "a message to the client is too long");
  }
  std::lock_guard lock(mutex_);
  if (gone_ || finished_) return fail(Errc::cancelled, "the client is gone");
  const auto count = static_cast<unsigned>(fds.size());
  enqueue({wire::encode(type, payload, count), std::move(fds)});
  return {};
}

void Connection::finish(int status) {
  std::lock_guard lock(mutex_);
  if (finished_) return;
  finished_ = true;
  if (!gone_) {
    enqueue({wire::encode(FrameType::exit,
                          wire::encode_number(static_cast<std::uint8_t>(status & 0xff))),
             {}});
  }
  changed_.notify_all();
}

void Connection::enqueue(Outgoing outgoing) {
  outgoing_bytes_ += outgoing.bytes.size();
  outgoing_.push_back(std::move(outgoing));
  flush();
}

// Most output leaves here, on the thread that made it; only what the socket does not take at once
// waits for the epoll thread.
void Connection::flush() {
  while (!outgoing_.empty()) {
    Outgoing& front = outgoing_.front();
    const Result<std::size_t> sent = wire::send_some(
        socket_.get(), std::string_view(front.bytes).substr(sent_of_front_), front.fds);
    // An error means that the client is gone; the epoll thread learns it from the socket.
    if (!sent || *sent == 0) break;
    front.fds.clear();
    sent_of_front_ += *sent;
    outgoing_bytes_ -= *sent;
    if (sent_of_front_ < front.bytes.size()) continue;
    outgoing_.pop_front();
    sent_of_front_ = 0;
  }
  const bool waits = !outgoing_.empty();
  if (waits != waits_for_socket_) write_wanted_(socket_.get(), waits);
  waits_for_socket_ = waits;
  // An attached client still reads what its process wrote last; it hangs up when it has it all.
  if (finished_ && !waits && !attachment_) ::shutdown(socket_.get(), SHUT_RDWR);
  changed_.notify_all();
}

Result<> Connection::wait_for_client(std::unique_lock<std::mutex>& lock,
                                     const std::function<bool()>& there) {
  changed_.wait(lock, [&] { return gone_ || cancel_.cancelled() || there(); });
  if (there()) return {};
  return fail(Errc::cancelled, gone_ ? "the client is gone" : "interrupted");
}

Result<std::string> Connection::read_input(std::size_t bytes_max) {
  std::unique_lock lock(mutex_);
  if (gone_) return fail(Errc::cancelled, "the client is gone");
  input_max_ = bytes_max;
  if (!input_wanted_) {
    input_wanted_ = true;
    enqueue({wire::encode(FrameType::want_input, {}), {}});
  }
  TRY(wait_for_client(lock, [&] { return input_ended_ || input_too_long_; }));
  if (input_too_long_) {
    return fail(Errc::limit_exceeded,
                "standard input is longer than " + std::to_string(bytes_max) + " bytes");
  }
  return std::move(input_);
}

Result<std::string> Connection::ask(FrameType type, std::string_view prompt) {
  TRY(send(type, prompt));
  std::unique_lock lock(mutex_);
  TRY(wait_for_client(lock, [&] { return answer_.has_value(); }));
  const wire::Answer answer = *std::exchange(answer_, std::nullopt);
  if (!answer.has_line) return fail(Errc::cancelled, "end of input");
  return answer.line;
}

Result<UniqueFd> Connection::open(FrameType type, const std::string& path) {
  TRY(send(type, path));
  std::unique_lock lock(mutex_);
  TRY(wait_for_client(lock, [&] { return opened_.has_value(); }));
  return *std::exchange(opened_, std::nullopt);
}

std::vector<UniqueFd> Connection::take_call_descriptors() {
  std::lock_guard lock(mutex_);
  return std::exchange(call_fds_, {});
}

Result<> Connection::attach(Attachment attachment) {
  wire::Attach message{attachment.in.valid(), attachment.out.valid(), attachment.err.valid(),
                       attachment.terminal, attachment.resume};
  std::vector<UniqueFd> fds;
  for (UniqueFd* fd : {&attachment.in, &attachment.out, &attachment.err}) {
    if (fd->valid()) fds.push_back(std::move(*fd));
  }
  std::lock_guard lock(mutex_);
  if (gone_) return fail(Errc::cancelled, "the client is gone");
  const auto count = static_cast<unsigned>(fds.size());
  attachment_ = std::move(attachment);
  enqueue({wire::encode(FrameType::attach, wire::encode_attach(message), count), std::move(fds)});
  return {};
}

Result<> Connection::become(const Program& program) {
  TRY(send(FrameType::become, wire::encode_become({program.argv, program.environment})));
  std::lock_guard lock(mutex_);
  finished_ = true;
  return {};
}

void Connection::set_finishes_later() {
  std::lock_guard lock(mutex_);
  finishes_later_ = true;
}

bool Connection::finishes_later() {
  std::lock_guard lock(mutex_);
  return finishes_later_;
}

// --- callbacks -----------------------------------------------------------------------------------

// One at a time and in order, on a job thread: they may block on the container runtime.
void Connection::call_back(std::function<void()> job) {
  callbacks_.push_back(std::move(job));
  if (callbacks_run_) return;
  callbacks_run_ = true;
  callback_pool_.post_always([self = shared_from_this()] { self->run_callbacks(); });
}

// Its functions may own a process whose end blocks: they die on a job thread.
void Connection::let_go_of_attachment() {
  if (!attachment_) return;
  call_back([old = std::make_shared<Attachment>(*std::exchange(attachment_, std::nullopt))] {});
}

void Connection::run_callbacks() {
  for (;;) {
    std::function<void()> job;
    {
      std::lock_guard lock(mutex_);
      if (callbacks_.empty()) {
        callbacks_run_ = false;
        return;
      }
      job = std::move(callbacks_.front());
      callbacks_.pop_front();
    }
    job();
  }
}

}  // namespace dokku::cli
