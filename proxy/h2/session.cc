#include "proxy/h2/session.h"

#include <array>
#include <utility>

#include "proxy/h2/impl.h"

namespace dokku::proxy::h2 {
namespace {

Options options(const SessionLimits& limits) {
  Options option = common_options(limits.continuations_max);
  if (!option) return nullptr;
  ::nghttp2_option_set_stream_reset_rate_limit(option.get(), limits.guard.resets_max, 10);
  return option;
}

bool submit_settings(nghttp2_session* session, const SessionLimits& limits) {
  const auto head_bytes = static_cast<std::uint32_t>(limits.head.head_bytes_max);
  const std::array<nghttp2_settings_entry, 3> entries{{
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, limits.streams_max},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, head_bytes},
  }};
  return ::nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, entries.data(), entries.size()) ==
             0 &&
         ::nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0,
                                                 limits.connection_window) == 0;
}

}  // namespace

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::~Session() = default;

std::unique_ptr<Session> Session::create(Events& events, http::RequestHead& scratch,
                                         const SessionLimits& limits) {
  auto impl = std::make_unique<Impl>(events, scratch, limits);
  const auto chosen = options(limits);
  if (!chosen || !open_session(*impl, chosen.get())) return nullptr;
  if (!submit_settings(impl->session, limits)) return nullptr;
  return std::unique_ptr<Session>(new Session(std::move(impl)));
}

// Frame by frame, so that the guard sees each head when nghttp2 has worked through all before it.
void Session::receive(std::string_view bytes, TimePoint now) {
  Impl& impl = *impl_;
  if (impl.broken) return;
  impl.cutter.cut(
      bytes, [&](const FrameHead& frame) { return impl.frame_begins(frame, now); },
      [&](std::string_view piece) {
        impl.feed(piece);
        return !impl.broken;
      });
}

std::string_view Session::next_output() {
  const std::uint8_t* bytes = nullptr;
  const ssize_t size = ::nghttp2_session_mem_send(impl_->session, &bytes);
  if (size < 0) impl_->broken = true;
  if (size <= 0) return {};
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

bool Session::over() const {
  if (impl_->broken) return true;
  return ::nghttp2_session_want_read(impl_->session) == 0 &&
         ::nghttp2_session_want_write(impl_->session) == 0;
}

bool Session::in_head() const { return impl_->cutter.in_preface() || impl_->in_block; }

void Session::answer(std::int32_t stream, const http::AnswerHead& head, bool bodiless,
                     std::string_view date, std::string_view more_lines) {
  FieldList fields;
  fields.add_answer(head, date, more_lines);
  if (head.interim()) {
    ::nghttp2_submit_headers(impl_->session, NGHTTP2_FLAG_NONE, stream, nullptr, fields.data(),
                             fields.size(), nullptr);
    return;
  }
  const nghttp2_data_provider provider = provider_for(impl_->events);
  ::nghttp2_submit_response(impl_->session, stream, fields.data(), fields.size(),
                            bodiless ? nullptr : &provider);
}

void Session::resume(std::int32_t stream) { ::nghttp2_session_resume_data(impl_->session, stream); }

void Session::consumed(std::int32_t stream, std::size_t bytes) {
  ::nghttp2_session_consume(impl_->session, stream, bytes);
}

void Session::reset(std::int32_t stream, Reset why) {
  ::nghttp2_submit_rst_stream(impl_->session, NGHTTP2_FLAG_NONE, stream, code_of(why));
}

void Session::drain() {
  if (impl_->draining) return;
  impl_->draining = true;
  ::nghttp2_submit_shutdown_notice(impl_->session);
  ::nghttp2_submit_ping(impl_->session, NGHTTP2_FLAG_NONE, nullptr);
}

void Session::terminate_for_abuse() { impl_->terminate(NGHTTP2_ENHANCE_YOUR_CALM); }

}  // namespace dokku::proxy::h2
