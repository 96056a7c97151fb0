#include "proxy/session/h2_connection.h"

#include <algorithm>
#include <utility>


namespace dokku::proxy::session {
namespace {
constexpr Duration kLookEvery = std::chrono::seconds(5);
}

H2Connection::H2Connection(Context& context, net::Stream& stream, net::Watcher& self,
                           const Origin& origin)
    : context_(context),
      stream_(stream),
      self_(self),
      client_ip_(origin.client_ip),
      origin_(origin),
      since_(context.loop.now()),
      sent_since_(since_) {
  origin_.client_ip = client_ip_;
  const Settings& settings =
      context.settings_before_request(origin.port, origin.own_port, origin.server_name);
  head_limit_ = settings.client_header_timeout;
  idle_limit_ = settings.keepalive_timeout;
  send_limit_ = settings.send_timeout;
}

std::unique_ptr<H2Connection> H2Connection::create(Context& context, net::Stream& stream,
                                                   net::Watcher& self, const Origin& origin) {
  std::unique_ptr<H2Connection> made(new H2Connection(context, stream, self, origin));
  h2::SessionLimits limits;
  limits.head = context.limits.request_head;
  limits.streams_max = context.limits.h2_streams_max;
  made->session_ = h2::Session::create(*made, context.request, limits);
  if (!made->session_) return nullptr;
  return made;
}

bool H2Connection::receive(std::string_view bytes) {
  session_->receive(bytes, context_.loop.now());
  const bool in_head = session_->in_head();
  if (in_head && !was_in_head_) since_ = context_.loop.now();
  was_in_head_ = in_head;
  return work();
}

bool H2Connection::work() {
  const std::vector<std::int32_t> ready = std::exchange(read_on_, {});
  for (const std::int32_t id : ready) {
    if (H2Stream* stream = find(id)) stream->pass_on();
  }
  if (!send()) return false;
  return !session_->over() || stream_.pending() > 0;
}

// Gathers frames, so that many go out by one call and in one TLS record.
bool H2Connection::send() {
  std::string& out = context_.out;
  while (stream_.pending() == 0) {
    out.clear();
    while (out.size() < context_.limits.h2_gather_bytes) {
      const std::string_view frame = session_->next_output();
      if (frame.empty()) break;
      out += frame;
    }
    if (out.empty()) return true;
    if (!stream_.write(out)) return false;
  }
  return true;
}

bool H2Connection::look_at_limits() {
  const TimePoint now = context_.loop.now();
  const bool moved = std::exchange(sent_mark_, stream_.bytes_sent()) != stream_.bytes_sent();
  if (moved || stream_.pending() == 0) sent_since_ = now;
  if (now - sent_since_ >= send_limit_) return false;
  if (session_->in_head()) {
    if (now - since_ >= head_limit_) session_->terminate_for_abuse();
  } else if (streams_.empty() && now - since_ >= idle_limit_) {
    session_->drain();
    if (now - since_ >= idle_limit_ + context_.limits.goodbye_time) return false;
  }
  for (auto& [id, stream] : streams_) {
    if (stream->stalled(now)) stream->end_stalled();
  }
  return work();
}

// What strikes for the whole connection strikes in time; its streams are looked at now and then.
Duration H2Connection::next_look() const {
  Duration next = kLookEvery;
  if (session_->in_head()) {
    next = std::min(next, since_ + head_limit_ - context_.loop.now());
  } else if (streams_.empty()) {
    next = std::min(next, idle_limit_);
  }
  return std::max<Duration>(next, std::chrono::milliseconds(1));
}

void H2Connection::drain() {
  session_->drain();
  wake();
}

void H2Connection::read_on(std::int32_t stream) {
  read_on_.push_back(stream);
  wake();
}

H2Stream* H2Connection::find(std::int32_t stream) {
  const auto found = streams_.find(stream);
  return found == streams_.end() ? nullptr : found->second.get();
}

H2Stream& H2Connection::add(std::int32_t stream) {
  H2Owner& owner = *this;
  auto& place = streams_[stream];
  place = std::make_unique<H2Stream>(context_, owner, stream);
  return *place;
}

void H2Connection::on_request(std::int32_t stream, const http::RequestHead& head, bool end) {
  add(stream).begin(head, origin_, end);
}

void H2Connection::on_refused(std::int32_t stream, int status) {
  ++context_.counters.refused;
  add(stream).refuse(status);
}

void H2Connection::on_data(std::int32_t stream, std::string_view data) {
  if (H2Stream* found = find(stream)) {
    found->data(data);
  } else {
    session_->consumed(stream, data.size());
  }
}

void H2Connection::on_body_end(std::int32_t stream, std::string_view trailers) {
  if (H2Stream* found = find(stream)) found->body_end(trailers);
}

void H2Connection::on_closed(std::int32_t stream) {
  const auto found = streams_.find(stream);
  if (found == streams_.end()) return;
  if (found->second->unread() > 0) session_->consumed(stream, found->second->unread());
  streams_.erase(found);
  if (streams_.empty()) since_ = context_.loop.now();
}

h2::Outgoing H2Connection::pull(std::int32_t stream, char* into, std::size_t size) {
  H2Stream* found = find(stream);
  return found == nullptr ? h2::Outgoing{0, true, {}} : found->pull(into, size);
}

}  // namespace dokku::proxy::session
