// What AppSession holds. For the .cc files of this folder only.
#pragma once

#include <nghttp2/nghttp2.h>

#include <utility>

#include "proxy/h2/answer.h"
#include "proxy/h2/app_session.h"
#include "proxy/h2/frame_cutter.h"

namespace dokku::proxy::h2 {

struct AppSessionImpl {
  AppSessionImpl(AppEvents& the_events, http::AnswerHead& the_scratch,
                 const AppSessionLimits& the_limits)
      : events(the_events), scratch(the_scratch), limits(the_limits), guard(the_limits.guard) {}
  ~AppSessionImpl() { ::nghttp2_session_del(session); }
  AppSessionImpl(const AppSessionImpl&) = delete;
  AppSessionImpl& operator=(const AppSessionImpl&) = delete;

  void feed(std::string_view bytes);
  void terminate(std::uint32_t code);

  AppEvents& events;
  http::AnswerHead& scratch;
  const AppSessionLimits limits;
  nghttp2_session* session = nullptr;
  FrameGuard guard;
  FrameCutter cutter{0};
  AnswerLines lines;
  // The stream that is just being closed, if that is why.
  std::int32_t reset_by_app = 0;
  std::int32_t unsent = 0;
  bool broken = false;
};

// What is to be remembered of a stream, in nghttp2's pointer for it.
class StreamMark {
 public:
  static void* of(http::Method method, bool answered) {
    return reinterpret_cast<void*>(static_cast<std::uintptr_t>(method) << 1 |
                                   (answered ? 1U : 0U));
  }
  StreamMark(nghttp2_session* session, std::int32_t stream)
      : bits_(reinterpret_cast<std::uintptr_t>(
            ::nghttp2_session_get_stream_user_data(session, stream))) {}
  http::Method method() const { return static_cast<http::Method>(bits_ >> 1); }
  bool answered() const { return (bits_ & 1) != 0; }

 private:
  std::uintptr_t bits_;
};

// Makes the session with all callbacks.
bool open_app_session(AppSessionImpl& impl, const nghttp2_option* option);

}  // namespace dokku::proxy::h2
