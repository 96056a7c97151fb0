#include <algorithm>
#include <charconv>

#include "proxy/h2/impl.h"
#include "proxy/http/characters.h"

namespace dokku::proxy::h2 {

using http::FieldId;

void FieldList::add(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
  };
  all_.push_back({bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
}

void FieldList::add_lines(std::string_view lines) {
  while (!lines.empty()) {
    const std::size_t end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end);
    const std::size_t colon = line.find(':');
    if (colon != line.npos) add(line.substr(0, colon), http::trim(line.substr(colon + 1)));
    if (end == lines.npos) return;
    lines.remove_prefix(end + 2);
  }
}

void FieldList::add_request(std::string_view head) {
  const std::string_view line = head.substr(0, head.find("\r\n"));
  const std::size_t target = line.find(' ') + 1;
  add(":method", line.substr(0, target - 1));
  add(":scheme", "http");
  add(":path", line.substr(target, line.rfind(' ') - target));
  head.remove_prefix(line.size() + 2);
  // The writer puts Host first.
  const std::size_t end = head.find("\r\n");
  const std::string_view host = http::trim(head.substr(head.find(':') + 1, end - head.find(':') - 1));
  if (!host.empty()) add(":authority", host);
  const std::size_t first = all_.size();
  add_lines(head.substr(end + 2));
  const auto hop = [](const nghttp2_nv& field) {
    const FieldId id =
        http::field_id({reinterpret_cast<const char*>(field.name), field.namelen});
    return http::is_hop_by_hop(id) && id != FieldId::te;
  };
  all_.erase(std::remove_if(all_.begin() + static_cast<std::ptrdiff_t>(first), all_.end(), hop),
             all_.end());
}

void FieldList::add_answer(const http::AnswerHead& head, std::string_view date,
                           std::string_view more_lines) {
  const auto put = [](auto& into, std::uint64_t number) {
    const auto end = std::to_chars(into.data(), into.data() + into.size(), number);
    return std::string_view(into.data(), static_cast<std::size_t>(end.ptr - into.data()));
  };
  all_.reserve(head.fields.size() + 8);
  add(":status", put(status_, static_cast<std::uint64_t>(head.status)));
  bool dated = head.status < 200;
  for (const http::Field& field : head.fields) {
    if (field.dropped || field.id == FieldId::content_length) continue;
    dated = dated || field.id == FieldId::date;
    add(field.name, field.value);
  }
  if (!dated) add("date", date);
  if (head.has_length && head.status >= 200 && head.status != 204) {
    add("content-length", put(length_, head.length));
  }
  if (!head.interim()) add_lines(more_lines);
}

}  // namespace dokku::proxy::h2
