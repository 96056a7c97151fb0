// nghttp2's callbacks for the fields of a message: the same on both sides of us. For the .cc files
// of this folder only.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>

namespace dokku::proxy::h2 {

// Gathers the fields of HEADERS in `lines` of an Impl (SessionImpl, AppSessionImpl), as many as
// decoded_bytes_max allows.
template <class Impl>
struct FieldCallbacks {
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t, void* user) {
    Impl& impl = *static_cast<Impl*>(user);
    if (frame->hd.type != NGHTTP2_HEADERS) return 0;
    impl.lines.add({reinterpret_cast<const char*>(name), name_size},
                   {reinterpret_cast<const char*>(value), value_size});
    if (impl.lines.bytes() > impl.limits.decoded_bytes_max) {
      impl.terminate(NGHTTP2_ENHANCE_YOUR_CALM);
    }
    return 0;
  }

  // nghttp2 would leave such a field out; to us the whole message is malformed (RFC 9113 §8.2.1).
  static int on_invalid(nghttp2_session*, const nghttp2_frame*, nghttp2_rcbuf*, nghttp2_rcbuf*,
                        std::uint8_t, void*) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static void set(nghttp2_session_callbacks* callbacks) {
    ::nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    ::nghttp2_session_callbacks_set_on_invalid_header_callback2(callbacks, on_invalid);
  }
};

}  // namespace dokku::proxy::h2
