// What Session holds: nghttp2's session and what its callbacks need. For the .cc files of this
// folder only.
#pragma once

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "proxy/h2/frame_cutter.h"
#include "proxy/h2/request.h"
#include "proxy/h2/session.h"

namespace dokku::proxy::h2 {

// The latest ids of some kind, as far as they matter.
class RecentIds {
 public:
  void add(std::int32_t id) { all_[next_++ % all_.size()] = id; }
  bool contains(std::int32_t id) const {
    return std::find(all_.begin(), all_.end(), id) != all_.end();
  }

 private:
  std::array<std::int32_t, 128> all_{};
  std::size_t next_ = 0;
};

struct SessionImpl {
  SessionImpl(Events& the_events, http::RequestHead& the_scratch, const SessionLimits& the_limits)
      : events(the_events), scratch(the_scratch), limits(the_limits), guard(the_limits.guard) {}
  ~SessionImpl() { ::nghttp2_session_del(session); }
  SessionImpl(const SessionImpl&) = delete;
  SessionImpl& operator=(const SessionImpl&) = delete;

  void feed(std::string_view bytes);
  // False: nothing more is to be read.
  bool frame_begins(const FrameHead& frame, TimePoint now);
  void terminate(std::uint32_t code);

  Events& events;
  http::RequestHead& scratch;
  const SessionLimits limits;
  nghttp2_session* session = nullptr;
  FrameGuard guard;
  RequestLines lines;
  FrameCutter cutter{kPreface.size()};
  bool in_block = false;  // between HEADERS and END_HEADERS
  bool draining = false;
  bool broken = false;
  RecentIds opened;  // what lies between these was passed over, and may not be opened later
  RecentIds resets;  // by us: a client may not know it yet
};

// Fields on their way out; views must live until they are submitted.
class FieldList {
 public:
  void add(std::string_view name, std::string_view value);
  // "Name: value\r\n"…
  void add_lines(std::string_view lines);
  // "METHOD target HTTP/1.1\r\nHost: …\r\n…\r\n", without what is for HTTP/1.1 alone.
  void add_request(std::string_view head);
  void add_answer(const http::AnswerHead& head, std::string_view date, std::string_view more_lines);
  const nghttp2_nv* data() const { return all_.data(); }
  std::size_t size() const { return all_.size(); }

 private:
  std::vector<nghttp2_nv> all_;
  std::array<char, 4> status_{};
  std::array<char, 20> length_{};
};

// A body for nghttp2 to ask for as it needs it.
nghttp2_data_provider provider_for(BodySource& source);

struct OptionDeleter {
  void operator()(nghttp2_option* option) const { ::nghttp2_option_del(option); }
};
using Options = std::unique_ptr<nghttp2_option, OptionDeleter>;
// What both sides set. Empty: out of memory.
Options common_options(std::size_t continuations_max);

// Makes the session with all callbacks.
bool open_session(SessionImpl& impl, const nghttp2_option* option);

}  // namespace dokku::proxy::h2
