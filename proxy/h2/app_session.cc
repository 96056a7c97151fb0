#include "proxy/h2/app_session.h"

#include <array>
#include <utility>

#include "proxy/h2/app_impl.h"
#include "proxy/h2/impl.h"

namespace dokku::proxy::h2 {
namespace {

bool submit_settings(nghttp2_session* session, const AppSessionLimits& limits) {
  const std::array<nghttp2_settings_entry, 3> entries{{
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, limits.stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, limits.head_bytes_max},
  }};
  return ::nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, entries.data(), entries.size()) ==
             0 &&
         ::nghttp2_session_set_local_window_size(session, NGHTTP2_FLAG_NONE, 0,
                                                 limits.connection_window) == 0;
}

}  // namespace

AppSession::AppSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AppSession::~AppSession() = default;

std::unique_ptr<AppSession> AppSession::create(AppEvents& events, http::AnswerHead& scratch,
                                               const AppSessionLimits& limits) {
  auto impl = std::make_unique<Impl>(events, scratch, limits);
  const Options chosen = common_options(limits.continuations_max);
  if (!chosen || !open_app_session(*impl, chosen.get())) return nullptr;
  if (!submit_settings(impl->session, limits)) return nullptr;
  return std::unique_ptr<AppSession>(new AppSession(std::move(impl)));
}

bool AppSession::receive(std::string_view bytes, TimePoint now) {
  Impl& impl = *impl_;
  if (impl.broken) return false;
  bool good = true;
  impl.cutter.cut(
      bytes,
      [&](const FrameHead& frame) {
        // nghttp2 does not look at the size of CONTINUATION (RFC 9113 §4.2).
        const bool small = frame.length <= kFrameBytesMax;
        good = small && impl.guard.accept(frame, now);
        if (!good) impl.terminate(small ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_FRAME_SIZE_ERROR);
        return good;
      },
      [&](std::string_view piece) {
        impl.feed(piece);
        return !impl.broken;
      });
  return good && !impl.broken;
}

std::string_view AppSession::next_output() {
  const std::uint8_t* bytes = nullptr;
  const ssize_t size = ::nghttp2_session_mem_send(impl_->session, &bytes);
  if (size < 0) impl_->broken = true;
  if (size <= 0) return {};
  return {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

bool AppSession::over() const {
  if (impl_->broken) return true;
  return ::nghttp2_session_want_read(impl_->session) == 0 &&
         ::nghttp2_session_want_write(impl_->session) == 0;
}

bool AppSession::takes_requests() const {
  return !impl_->broken && ::nghttp2_session_check_request_allowed(impl_->session) != 0;
}

std::uint32_t AppSession::streams_max() const {
  return ::nghttp2_session_get_remote_settings(impl_->session,
                                               NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

std::int32_t AppSession::request(std::string_view head, http::Method method, bool bodiless) {
  if (!takes_requests()) return -1;
  FieldList fields;
  fields.add_request(head);
  const nghttp2_data_provider provider = provider_for(impl_->events);
  return ::nghttp2_submit_request(impl_->session, nullptr, fields.data(), fields.size(),
                                  bodiless ? nullptr : &provider, StreamMark::of(method, false));
}

void AppSession::resume(std::int32_t stream) {
  ::nghttp2_session_resume_data(impl_->session, stream);
}

void AppSession::consumed(std::int32_t stream, std::size_t bytes) {
  ::nghttp2_session_consume_stream(impl_->session, stream, bytes);
}

void AppSession::reset(std::int32_t stream, Reset why) {
  ::nghttp2_submit_rst_stream(impl_->session, NGHTTP2_FLAG_NONE, stream, code_of(why));
}

void AppSession::ping() { ::nghttp2_submit_ping(impl_->session, NGHTTP2_FLAG_NONE, nullptr); }

void AppSession::end() { impl_->terminate(NGHTTP2_NO_ERROR); }

}  // namespace dokku::proxy::h2
