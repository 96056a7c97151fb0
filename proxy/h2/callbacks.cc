#include "proxy/h2/field_callbacks.h"
#include "proxy/h2/impl.h"

namespace dokku::proxy::h2 {
namespace {

SessionImpl& self(void* user) { return *static_cast<SessionImpl*>(user); }

int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  SessionImpl& impl = self(user);
  if (frame->hd.type == NGHTTP2_HEADERS) impl.lines.clear();
  if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) impl.opened.add(frame->hd.stream_id);
  return 0;
}

void take_request(SessionImpl& impl, std::int32_t stream, bool end) {
  const int status = impl.lines.parse(end, impl.limits.head, impl.scratch);
  if (status == 0) return impl.events.on_request(stream, impl.scratch, end);
  if (status != 400) return impl.events.on_refused(stream, status);
  ::nghttp2_submit_rst_stream(impl.session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_PROTOCOL_ERROR);
}

int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  SessionImpl& impl = self(user);
  const bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  const std::int32_t stream = frame->hd.stream_id;
  switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
      if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
        take_request(impl, stream, end);
      } else if (end) {
        impl.events.on_body_end(stream, impl.lines.trailers());
      }
      break;
    case NGHTTP2_DATA:
      if (end) impl.events.on_body_end(stream, {});
      break;
    case NGHTTP2_PING:
      // The round trip after our notice is over: what was on its way has come (§6.8).
      if (impl.draining && (frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) {
        ::nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE,
                                ::nghttp2_session_get_last_proc_stream_id(session),
                                NGHTTP2_NO_ERROR, nullptr, 0);
      }
      break;
    default:
      break;
  }
  return 0;
}

int on_data(nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* data,
            std::size_t size, void* user) {
  self(user).events.on_data(stream, {reinterpret_cast<const char*>(data), size});
  return 0;
}

int on_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  SessionImpl& impl = self(user);
  const std::int32_t stream = frame->hd.stream_id;
  const bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  if (frame->hd.type == NGHTTP2_DATA) impl.guard.sent_data();
  if (frame->hd.type == NGHTTP2_RST_STREAM) {
    impl.resets.add(stream);
    // A client that makes us reset is no better than one that does it itself.
    if (frame->rst_stream.error_code != NGHTTP2_NO_ERROR && !impl.guard.stream_reset()) {
      impl.terminate(NGHTTP2_ENHANCE_YOUR_CALM);
    }
  }
  // The answer is whole, the request is not: the rest is not wanted (§8.1).
  const bool ends = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
  if (ends && end && ::nghttp2_session_get_stream_remote_close(session, stream) == 0) {
    ::nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_NO_ERROR);
  }
  return 0;
}

int on_closed(nghttp2_session*, std::int32_t stream, std::uint32_t, void* user) {
  self(user).events.on_closed(stream);
  return 0;
}

bool is_open(nghttp2_session* session, std::int32_t id) {
  nghttp2_stream* stream = ::nghttp2_session_find_stream(session, id);
  if (stream == nullptr) return false;
  const auto state = ::nghttp2_stream_get_state(stream);
  return state != NGHTTP2_STREAM_STATE_CLOSED && state != NGHTTP2_STREAM_STATE_IDLE;
}

}  // namespace

bool open_session(SessionImpl& impl, const nghttp2_option* option) {
  nghttp2_session_callbacks* callbacks = nullptr;
  if (::nghttp2_session_callbacks_new(&callbacks) != 0) return false;
  ::nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
  FieldCallbacks<SessionImpl>::set(callbacks);
  ::nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
  ::nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  ::nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_sent);
  ::nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_closed);
  const int made = ::nghttp2_session_server_new2(&impl.session, callbacks, &impl, option);
  ::nghttp2_session_callbacks_del(callbacks);
  return made == 0;
}

void SessionImpl::feed(std::string_view bytes) {
  const ssize_t taken = ::nghttp2_session_mem_recv(
      session, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (taken >= 0) return;
  // A flood, or no HTTP/2 at all: say so if it can still be said.
  if (taken == NGHTTP2_ERR_FLOODED) return terminate(NGHTTP2_ENHANCE_YOUR_CALM);
  if (taken == NGHTTP2_ERR_BAD_CLIENT_MAGIC) return terminate(NGHTTP2_PROTOCOL_ERROR);
  broken = true;
}

bool SessionImpl::frame_begins(const FrameHead& frame, TimePoint now) {
  // nghttp2 does not look at the size of CONTINUATION (§4.2).
  if (frame.length > kFrameBytesMax) {
    terminate(NGHTTP2_FRAME_SIZE_ERROR);
    return false;
  }
  if (!guard.accept(frame, now)) {
    terminate(NGHTTP2_ENHANCE_YOUR_CALM);
    return false;
  }
  const bool begins = frame.type == kHeaders || frame.type == kContinuation;
  if (begins) in_block = (frame.flags & kEndHeaders) == 0;
  // nghttp2 overlooks what comes for a stream that the client itself has ended (§5.1).
  const bool old = frame.stream > 0 && frame.stream % 2 == 1 &&
                   frame.stream <= ::nghttp2_session_get_last_proc_stream_id(session);
  if (old && (frame.type == kData || frame.type == kHeaders) && !is_open(session, frame.stream) &&
      !resets.contains(frame.stream)) {
    const bool passed_over = frame.type == kHeaders && !opened.contains(frame.stream);
    terminate(passed_over ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_STREAM_CLOSED);
    return false;
  }
  if (frame.type == kReset && is_open(session, frame.stream) && !guard.stream_reset()) {
    terminate(NGHTTP2_ENHANCE_YOUR_CALM);
    return false;
  }
  return true;
}

void SessionImpl::terminate(std::uint32_t code) {
  if (::nghttp2_session_terminate_session(session, code) != 0) broken = true;
}

}  // namespace dokku::proxy::h2
