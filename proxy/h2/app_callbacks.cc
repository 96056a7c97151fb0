#include "proxy/h2/app_impl.h"
#include "proxy/h2/field_callbacks.h"

namespace dokku::proxy::h2 {
namespace {

AppSessionImpl& self(void* user) { return *static_cast<AppSessionImpl*>(user); }

int on_begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  if (frame->hd.type == NGHTTP2_HEADERS) self(user).lines.clear();
  return 0;
}

void take_head(AppSessionImpl& impl, std::int32_t stream, bool end) {
  const StreamMark mark(impl.session, stream);
  if (mark.answered()) {
    if (end) impl.events.on_answer_end(stream, impl.lines.trailers());
    return;
  }
  http::AnswerHead& head = impl.scratch;
  // An interim answer is never the last word (RFC 9113 §8.1).
  if (!impl.lines.parse(mark.method(), head) || (head.interim() && end)) {
    ::nghttp2_submit_rst_stream(impl.session, NGHTTP2_FLAG_NONE, stream, NGHTTP2_PROTOCOL_ERROR);
    return;
  }
  if (!head.interim()) {
    ::nghttp2_session_set_stream_user_data(impl.session, stream,
                                           StreamMark::of(mark.method(), true));
  }
  impl.events.on_answer(stream, head, end);
}

int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  AppSessionImpl& impl = self(user);
  const bool end = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
  const std::int32_t stream = frame->hd.stream_id;
  if (frame->hd.type == NGHTTP2_HEADERS) {
    take_head(impl, stream, end);
  } else if (frame->hd.type == NGHTTP2_DATA && end) {
    impl.events.on_answer_end(stream, {});
  } else if (frame->hd.type == NGHTTP2_RST_STREAM) {
    impl.reset_by_app = stream;
  }
  return 0;
}

int on_data(nghttp2_session* session, std::uint8_t, std::int32_t stream, const std::uint8_t* data,
            std::size_t size, void* user) {
  ::nghttp2_session_consume_connection(session, size);
  self(user).events.on_data(stream, {reinterpret_cast<const char*>(data), size});
  return 0;
}

int on_sent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  if (frame->hd.type == NGHTTP2_DATA) self(user).guard.sent_data();
  return 0;
}

// The app said goodbye before a request went out; it is closed next.
int on_not_sent(nghttp2_session*, const nghttp2_frame* frame, int, void* user) {
  const bool request =
      frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
  if (request) self(user).unsent = frame->hd.stream_id;
  return 0;
}

int on_closed(nghttp2_session* session, std::int32_t stream, std::uint32_t code, void* user) {
  AppSessionImpl& impl = self(user);
  const bool by_app = std::exchange(impl.reset_by_app, 0) == stream;
  StreamEnd end{StreamEnd::Kind::broken, reset_of(code)};
  const bool unsent = std::exchange(impl.unsent, 0) == stream;
  const bool refused = code == NGHTTP2_REFUSED_STREAM && !StreamMark(session, stream).answered();
  if (unsent || refused) {
    end = {StreamEnd::Kind::unprocessed, Reset::refused};
  } else if (by_app) {
    end.kind = StreamEnd::Kind::by_app;
  } else if (code == NGHTTP2_NO_ERROR) {
    end.kind = StreamEnd::Kind::whole;
  }
  impl.events.on_closed(stream, end);
  return 0;
}

}  // namespace

bool open_app_session(AppSessionImpl& impl, const nghttp2_option* option) {
  nghttp2_session_callbacks* callbacks = nullptr;
  if (::nghttp2_session_callbacks_new(&callbacks) != 0) return false;
  ::nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
  FieldCallbacks<AppSessionImpl>::set(callbacks);
  ::nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
  ::nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
  ::nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_sent);
  ::nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_not_sent);
  ::nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_closed);
  const int made = ::nghttp2_session_client_new2(&impl.session, callbacks, &impl, option);
  ::nghttp2_session_callbacks_del(callbacks);
  return made == 0;
}

void AppSessionImpl::feed(std::string_view bytes) {
  const ssize_t taken = ::nghttp2_session_mem_recv(
      session, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (taken >= 0) return;
  if (taken == NGHTTP2_ERR_FLOODED) return terminate(NGHTTP2_ENHANCE_YOUR_CALM);
  broken = true;
}

void AppSessionImpl::terminate(std::uint32_t code) {
  if (::nghttp2_session_terminate_session(session, code) != 0) broken = true;
}

}  // namespace dokku::proxy::h2
