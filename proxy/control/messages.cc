#include "proxy/control/messages.h"

#include <array>
#include <limits>
#include <utility>

#include "proxy/control/json_values.h"
#include "proxy/control/settings_json.h"

namespace dokku::proxy {
namespace {

using nlohmann::json;
using values::array_at, values::dump, values::number_at, values::parse, values::parse_object;
using values::port_at, values::read_bool, values::read_string, values::string_at;
using values::strings_at, values::wrong;

constexpr std::array<std::pair<ControlOp, std::string_view>, 9> kOps{{
    {ControlOp::put, "put"},
    {ControlOp::remove, "remove"},
    {ControlOp::replace_all, "replace_all"},
    {ControlOp::list, "list"},
    {ControlOp::wait_drained, "wait_drained"},
    {ControlOp::upgrade, "upgrade"},
    {ControlOp::hold, "hold"},
    {ControlOp::release, "release"},
    {ControlOp::traffic, "traffic"},
}};

constexpr std::array<std::pair<Errc, std::string_view>, 10> kCodes{{
    {Errc::not_found, "not_found"},
    {Errc::already_exists, "already_exists"},
    {Errc::invalid_argument, "invalid_argument"},
    {Errc::conflict, "conflict"},
    {Errc::permission_denied, "permission_denied"},
    {Errc::unavailable, "unavailable"},
    {Errc::timed_out, "timed_out"},
    {Errc::cancelled, "cancelled"},
    {Errc::limit_exceeded, "limit_exceeded"},
    {Errc::internal, "internal"},
}};

constexpr std::array<std::pair<Scheme, std::string_view>, 4> kSchemes{{
    {Scheme::http, "http"},
    {Scheme::https, "https"},
    {Scheme::grpc, "grpc"},
    {Scheme::grpcs, "grpcs"},
}};

template <class Table, class Value>
std::string_view name_of(const Table& table, Value value) {
  for (const auto& [each, name] : table) {
    if (each == value) return name;
  }
  return "internal";
}

json to_json(const Target& target) {
  return {{"address", target.address}, {"port", target.port}, {"instance", target.instance}};
}

json to_json(const Listener& listener) {
  json out = {{"port", listener.port}, {"scheme", name_of(kSchemes, listener.scheme)}};
  if (listener.target_port != 0) out["target_port"] = listener.target_port;
  if (listener.any_host) out["any_host"] = true;
  if (listener.redirect_to != 0) out["redirect_to"] = listener.redirect_to;
  return out;
}

json to_json(const Challenge& challenge) {
  json out = {{"host", challenge.host}};
  if (!challenge.token.empty()) out["token"] = challenge.token;
  if (!challenge.answer.empty()) out["answer"] = challenge.answer;
  if (!challenge.certificate.empty()) out["certificate"] = challenge.certificate;
  return out;
}

json to_json(const Certificate& certificate) {
  return {{"id", certificate.id}, {"chain", certificate.chain}, {"private_key", certificate.key}};
}

json to_json(const Group& group);

template <class T>
json to_json(const std::vector<T>& values) {
  json all = json::array();
  for (const T& value : values) all.push_back(to_json(value));
  return all;
}

json to_json(const Group& group) {
  json out = {{"key", group.key},
              {"hosts", group.hosts},
              {"targets", to_json(group.targets)},
              {"generation", group.generation}};
  if (!group.listeners.empty()) out["listeners"] = to_json(group.listeners);
  if (!group.certificates.empty()) out["certificates"] = group.certificates;
  if (!group.challenges.empty()) out["challenges"] = to_json(group.challenges);
  json settings = settings_to_json(group.settings);
  if (!settings.empty()) out["settings"] = std::move(settings);
  return out;
}

Result<Target> target_from(const json& object) {
  if (!object.is_object()) return wrong("targets", "holds something that is not an object");
  Target target;
  target.address = TRY(string_at(object, "address"));
  const std::uint64_t port = TRY(number_at(object, "port", 65535));
  target.port = static_cast<std::uint16_t>(port);
  target.instance = TRY(string_at(object, "instance"));
  if (target.address.empty()) return wrong("address", "is missing");
  if (target.port == 0) return wrong("port", "is missing");
  return target;
}

Result<std::vector<Target>> targets_from(const json& list) {
  std::vector<Target> targets;
  for (const json& each : list) {
    Target target = TRY(target_from(each));
    targets.push_back(std::move(target));
  }
  return targets;
}

Result<Listener> listener_from(const json& object) {
  if (!object.is_object()) return wrong("listeners", "holds something that is not an object");
  Listener listener;
  listener.port = TRY(port_at(object, "port"));
  if (listener.port == 0) return wrong("port", "is missing");
  std::string scheme = "http";
  TRY(read_string(object, "scheme", scheme));
  bool known = false;
  for (const auto& [each, name] : kSchemes) {
    if (name != scheme) continue;
    listener.scheme = each;
    known = true;
  }
  if (!known) return wrong("scheme", "is none of http, https, grpc, grpcs");
  listener.target_port = TRY(port_at(object, "target_port"));
  listener.redirect_to = TRY(port_at(object, "redirect_to"));
  TRY(read_bool(object, "any_host", listener.any_host));
  return listener;
}

Result<std::vector<Listener>> listeners_from(const json& object) {
  std::vector<Listener> listeners;
  const json* list = TRY(array_at(object, "listeners"));
  for (const json& each : *list) {
    Listener listener = TRY(listener_from(each));
    listeners.push_back(listener);
  }
  // Snapshots of older versions: ports of the group alone.
  const json* own = TRY(array_at(object, "own_ports"));
  for (const json& port : *own) {
    if (!port.is_number_unsigned() || port.get<std::uint64_t>() - 1 >= 65535) {
      return wrong("own_ports", "holds something that is not a port");
    }
    listeners.push_back({.port = port.get<std::uint16_t>(), .any_host = true});
  }
  return listeners;
}

Result<std::vector<Challenge>> challenges_from(const json& object) {
  std::vector<Challenge> challenges;
  const json* list = TRY(array_at(object, "challenges"));
  for (const json& each : *list) {
    if (!each.is_object()) return wrong("challenges", "holds something that is not an object");
    Challenge challenge;
    challenge.host = TRY(string_at(each, "host"));
    challenge.token = TRY(string_at(each, "token"));
    challenge.answer = TRY(string_at(each, "answer"));
    challenge.certificate = TRY(string_at(each, "certificate"));
    challenges.push_back(std::move(challenge));
  }
  return challenges;
}

Result<std::vector<Certificate>> certificates_from(const json& object) {
  std::vector<Certificate> certificates;
  const json* list = TRY(array_at(object, "certificates"));
  for (const json& each : *list) {
    if (!each.is_object()) return wrong("certificates", "holds something that is not an object");
    Certificate certificate;
    certificate.id = TRY(string_at(each, "id"));
    certificate.chain = TRY(string_at(each, "chain"));
    certificate.key = TRY(string_at(each, "private_key"));
    if (!is_certificate_id(certificate.id)) return wrong("id", "is not a certificate's");
    certificates.push_back(std::move(certificate));
  }
  return certificates;
}

Result<Group> group_from(const json& object) {
  if (!object.is_object()) return wrong("groups", "holds something that is not an object");
  Group group;
  group.key = TRY(string_at(object, "key"));
  if (group.key.empty()) return wrong("key", "is missing");
  group.hosts = TRY(strings_at(object, "hosts"));
  group.listeners = TRY(listeners_from(object));
  const json* targets = TRY(array_at(object, "targets"));
  group.targets = TRY(targets_from(*targets));
  group.certificates = TRY(strings_at(object, "certificates"));
  for (const std::string& id : group.certificates) {
    if (!is_certificate_id(id)) return wrong("certificates", "holds what is not an id");
  }
  group.challenges = TRY(challenges_from(object));
  if (const auto settings = object.find("settings"); settings != object.end()) {
    group.settings = TRY(settings_from_json(*settings));
  }
  group.generation =
      TRY(number_at(object, "generation", std::numeric_limits<std::uint64_t>::max()));
  return group;
}

Result<std::vector<Group>> groups_from(const json& list) {
  if (!list.is_array()) return wrong("groups", "is not a list");
  std::vector<Group> groups;
  for (const json& each : list) {
    Group group = TRY(group_from(each));
    groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace

std::string encode(const ControlRequest& request) {
  json out = {{"op", name_of(kOps, request.op)}};
  if (!request.groups.empty()) out["groups"] = to_json(request.groups);
  if (!request.certificates.empty()) out["certificates"] = to_json(request.certificates);
  if (!request.key.empty()) out["key"] = request.key;
  if (!request.targets.empty()) out["targets"] = to_json(request.targets);
  if (request.limit.count() > 0) {
    out["limit_ms"] = static_cast<std::uint64_t>(request.limit.count());
  }
  return dump(out);
}

std::string encode(const ControlReply& reply) {
  json out = {{"ok", !reply.error}};
  if (reply.error) {
    out["code"] = name_of(kCodes, reply.error->code());
    out["message"] = reply.error->message();
  }
  if (!reply.groups.empty()) out["groups"] = to_json(reply.groups);
  if (!reply.traffic.empty()) {
    out["traffic"] = json::parse(reply.traffic, nullptr, /*allow_exceptions=*/false);
  }
  return dump(out);
}

std::string encode_groups(const std::vector<Group>& groups) { return dump(to_json(groups)); }

bool is_certificate_id(std::string_view id) {
  constexpr std::size_t kDigits = 64;
  return id.size() == kDigits && id.find_first_not_of("0123456789abcdef") == id.npos;
}

std::string encode_certificate(const Certificate& certificate) {
  return dump(to_json(certificate));
}

Result<Certificate> decode_certificate(std::string_view text) {
  json list = json::array();
  json object = TRY(parse_object(text));
  list.push_back(std::move(object));
  std::vector<Certificate> certificates = TRY(certificates_from({{"certificates", list}}));
  return std::move(certificates.front());
}

std::string encode_targets(const std::vector<Target>& targets) { return dump(to_json(targets)); }

Result<ControlRequest> decode_request(std::string_view text) {
  const json object = TRY(parse_object(text));
  const std::string op = TRY(string_at(object, "op"));
  ControlRequest request;
  bool known = false;
  for (const auto& [each, name] : kOps) {
    if (name == op) {
      request.op = each;
      known = true;
    }
  }
  if (!known) return fail(Errc::invalid_argument, "unknown op \"" + op + "\"");
  const json* groups = TRY(array_at(object, "groups"));
  request.groups = TRY(groups_from(*groups));
  request.certificates = TRY(certificates_from(object));
  request.key = TRY(string_at(object, "key"));
  const json* targets = TRY(array_at(object, "targets"));
  request.targets = TRY(targets_from(*targets));
  const std::uint64_t limit = TRY(number_at(object, "limit_ms", 1'000'000'000));
  request.limit = std::chrono::milliseconds(limit);
  if (request.op == ControlOp::put && request.groups.size() != 1) {
    return fail(Errc::invalid_argument, "put wants one group");
  }
  const bool of_key = request.op == ControlOp::remove || request.op == ControlOp::hold ||
                      request.op == ControlOp::release;
  if (of_key && request.key.empty()) return wrong("key", "is missing");
  return request;
}

Result<ControlReply> decode_reply(std::string_view text) {
  const json object = TRY(parse_object(text));
  ControlReply reply;
  const auto ok = object.find("ok");
  if (ok == object.end() || !ok->is_boolean()) return wrong("ok", "is missing");
  if (!ok->get<bool>()) {
    const std::string code = TRY(string_at(object, "code"));
    std::string message = TRY(string_at(object, "message"));
    Errc errc = Errc::internal;
    for (const auto& [each, name] : kCodes) {
      if (name == code) errc = each;
    }
    reply.error = Error(errc, std::move(message));
  }
  const json* groups = TRY(array_at(object, "groups"));
  reply.groups = TRY(groups_from(*groups));
  if (const auto traffic = object.find("traffic"); traffic != object.end()) {
    reply.traffic = dump(*traffic);
  }
  return reply;
}

Result<std::vector<Group>> decode_groups(std::string_view text) {
  const json list = TRY(parse(text));
  return groups_from(list);
}

Result<std::vector<Target>> decode_targets(std::string_view text) {
  const json list = TRY(parse(text));
  if (!list.is_array()) return wrong("targets", "is not a list");
  return targets_from(list);
}

std::string frame(std::string_view body) {
  const auto size = static_cast<std::uint32_t>(body.size());
  std::string out;
  out.reserve(body.size() + 4);
  for (unsigned shift = 0; shift < 32; shift += 8) {
    out.push_back(static_cast<char>((size >> shift) & 0xff));
  }
  out += body;
  return out;
}

Result<std::optional<std::string>> take_frame(std::string& bytes) {
  if (bytes.size() < 4) return std::optional<std::string>();
  std::uint32_t size = 0;
  for (unsigned i = 0; i < 4; ++i) {
    size |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  if (size > kControlFrameBytesMax) {
    return fail(Errc::limit_exceeded, "control message of " + std::to_string(size) + " bytes");
  }
  if (bytes.size() - 4 < size) return std::optional<std::string>();
  std::optional<std::string> body = bytes.substr(4, size);
  bytes.erase(0, std::size_t{4} + size);
  return body;
}

}  // namespace dokku::proxy
