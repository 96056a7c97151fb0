#include "proxy/control/packed.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "proxy/control/json_values.h"
#include "proxy/control/settings_json.h"

namespace dokku::proxy {
namespace {

constexpr std::size_t kGroupBytesMin = 8;  // a byte of each part

// --- writing

// Seven bits a byte, the lowest first; the last byte has no high bit.
void put(std::string& out, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) out.push_back(static_cast<char>(number | 0x80));
  out.push_back(static_cast<char>(number));
}

void put(std::string& out, std::string_view text) {
  put(out, std::uint64_t{text.size()});
  out.append(text);
}

void put(std::string& out, const std::string& text) { put(out, std::string_view(text)); }

void put(std::string& out, const Target& target) {
  put(out, target.address);
  put(out, target.port);
  put(out, target.instance);
}

void put(std::string& out, const Listener& listener) {
  put(out, listener.port);
  put(out, static_cast<std::uint64_t>(listener.scheme));
  put(out, listener.target_port);
  put(out, listener.any_host ? 1U : 0U);
  put(out, listener.redirect_to);
}

void put(std::string& out, const Challenge& challenge) {
  put(out, challenge.host);
  put(out, challenge.token);
  put(out, challenge.answer);
  put(out, challenge.certificate);
}

template <class Value>
void put(std::string& out, const std::vector<Value>& values) {
  put(out, std::uint64_t{values.size()});
  for (const Value& value : values) put(out, value);
}

// --- reading

// Past the end of the bytes, or of what no writer wrote: everything is empty from there on.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool failed() const { return failed_; }
  std::string_view rest() const { return rest_; }

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<std::uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    return fail();
  }

  std::string_view text() {
    const std::uint64_t size = number();
    if (size > rest_.size()) return fail(), std::string_view();
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  void get(std::string& into) { into = text(); }
  void get(std::uint16_t& into) { into = static_cast<std::uint16_t>(number()); }
  void get(std::uint64_t& into) { into = number(); }
  void get(bool& into) { into = number() != 0; }
  void get(Scheme& into) {
    const std::uint64_t value = number();
    if (value > static_cast<std::uint64_t>(Scheme::grpcs)) fail();
    into = static_cast<Scheme>(value);
  }
  void get(Target& into) {
    get(into.address);
    get(into.port);
    get(into.instance);
  }
  void get(Listener& into) {
    get(into.port);
    get(into.scheme);
    get(into.target_port);
    get(into.any_host);
    get(into.redirect_to);
  }
  void get(Challenge& into) {
    get(into.host);
    get(into.token);
    get(into.answer);
    get(into.certificate);
  }
  template <class Value>
  void get(std::vector<Value>& into) {
    const std::uint64_t count = number();
    if (count > rest_.size()) fail();  // each takes a byte at least
    if (failed_) return;
    into.resize(count);
    for (Value& value : into) get(value);
  }

 private:
  std::uint64_t fail() {
    failed_ = true;
    rest_ = {};
    return 0;
  }

  std::string_view rest_;
  bool failed_ = false;
};

}  // namespace

// Settings are JSON here, too: most groups have none but the defaults.
void pack_group(std::string& out, const Group& group) {
  static const Settings kDefaults;
  put(out, group.key);
  put(out, group.hosts);
  put(out, group.listeners);
  put(out, group.targets);
  put(out, group.certificates);
  put(out, group.challenges);
  put(out, group.generation);
  const bool usual = group.settings == kDefaults;
  put(out, usual ? std::string() : values::dump(settings_to_json(group.settings)));
}

void pack_count(std::string& out, std::size_t groups) { put(out, std::uint64_t{groups}); }

PackedGroups::PackedGroups(std::string_view bytes) : rest_(bytes) {
  Reader reader(rest_);
  left_ = reader.number();
  if (reader.failed()) left_ = 1;  // which is not there: next() says so
  rest_ = reader.rest();
  size_ = std::min(left_, bytes.size() / kGroupBytesMin);
}

Result<std::optional<Group>> PackedGroups::next() {
  Reader reader(rest_);
  if (left_ == 0 && rest_.empty()) return std::optional<Group>();
  if (left_ == 0) return fail(Errc::invalid_argument, "bytes behind the last packed group");
  --left_;
  std::optional<Group> group(std::in_place);
  reader.get(group->key);
  reader.get(group->hosts);
  reader.get(group->listeners);
  reader.get(group->targets);
  reader.get(group->certificates);
  reader.get(group->challenges);
  reader.get(group->generation);
  const std::string_view settings = reader.text();
  if (reader.failed()) return fail(Errc::invalid_argument, "these are no packed groups");
  if (!settings.empty()) {
    const values::json object = TRY(values::parse_object(settings));
    group->settings = TRY(settings_from_json(object));
  }
  rest_ = reader.rest();
  return group;
}

}  // namespace dokku::proxy
