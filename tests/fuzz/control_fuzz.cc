// Control messages: frames and JSON. A message that is refused leaves the table as it was.
#include "pieces.h"
#include "proxy/control/messages.h"
#include "proxy/control/packed.h"
#include "proxy/route/table.h"

namespace {

using namespace dokku;
using namespace dokku::proxy;

route::RouteTable& table() {
  static route::RouteTable& one = *[] {
    auto* made = new route::RouteTable;
    Group group;
    group.key = "app";
    group.hosts = {"app.test", "*.app.test"};
    group.targets = {{"127.0.0.1", 5000, "app.web.1"}};
    fuzz::demand(made->put(group).has_value(), "the seed group is refused");
    return made;
  }();
  return one;
}

void apply(std::string_view json) {
  const std::string before = encode_groups(table().groups());
  const Result<ControlRequest> request = decode_request(json);
  bool applied = false;
  if (request && request->op == ControlOp::put) {
    applied = !request->groups.empty() && table().put(request->groups.front()).has_value();
    for (const Group& group : request->groups) table().remove(group.key);
  } else if (request && request->op == ControlOp::replace_all) {
    applied = table().replace_all(request->groups).has_value();
  }
  if (!applied && (!request || request->op != ControlOp::put)) {
    fuzz::demand(encode_groups(table().groups()) == before, "a refused message changed the table",
                 before, encode_groups(table().groups()));
  }
  if (request) {
    const Result<ControlRequest> again = decode_request(encode(*request));
    fuzz::demand(again.has_value(), "what we write is refused");
  }
}

// A worker's table: what can be read can be written and read again.
void unpack(std::string_view bytes) {
  PackedGroups packed(bytes);
  std::vector<Group> groups;
  Result<std::optional<Group>> next;
  for (next = packed.next(); next && next->has_value(); next = packed.next()) {
    groups.push_back(std::move(**next));
  }
  if (!next) return;
  std::string again;
  pack_count(again, groups.size());
  for (const Group& group : groups) pack_group(again, group);
  PackedGroups repacked(again);
  for (const Group& group : groups) {
    const Result<std::optional<Group>> back = repacked.next();
    fuzz::demand(back && *back && **back == group, "a packed group has changed");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::text(data, size);
  apply(bytes);
  unpack(bytes);
  std::string stream(bytes);
  for (;;) {
    Result<std::optional<std::string>> taken = take_frame(stream);
    if (!taken || !taken->has_value()) break;
    apply(**taken);
  }
  [[maybe_unused]] const auto groups = decode_groups(bytes);
  [[maybe_unused]] const auto targets = decode_targets(bytes);
  [[maybe_unused]] const auto reply = decode_reply(bytes);
  return 0;
}
