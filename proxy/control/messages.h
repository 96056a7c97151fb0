// The words that control plane and proxy exchange over the control socket, and the snapshot's text.
//
// A message is a frame: four bytes of length (little endian), then JSON. The snapshot file holds
// the same JSON as the `groups` of a message (docs/formats.md). Bytes come from root or from the
// proxy's own user, yet they are checked like a stranger's: a bad message changes nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "proxy/control/routes.h"

namespace dokku::proxy {

inline constexpr std::size_t kControlFrameBytesMax = 64u << 20;

enum class ControlOp {
  put,
  remove,
  replace_all,
  list,
  wait_drained,
  upgrade,
  hold,
  release,
  traffic,
};

struct ControlRequest {
  ControlOp op = ControlOp::list;
  std::vector<Group> groups;    // put: exactly one; replace_all: all
  std::vector<Certificate> certificates;  // put, replace_all: those that the groups name
  std::string key;              // remove, hold, release; traffic: of this one only
  std::vector<Target> targets;  // wait_drained
  std::chrono::milliseconds limit{0};
};

struct ControlReply {
  std::optional<Error> error;
  std::vector<Group> groups;  // list
  std::string traffic;        // traffic: JSON (traffic.h)
};

std::string encode(const ControlRequest& request);
std::string encode(const ControlReply& reply);
std::string encode_groups(const std::vector<Group>& groups);
std::string encode_targets(const std::vector<Target>& targets);

// invalid_argument: not JSON, a key missing, of the wrong kind or out of range. Unknown keys are
// ignored, so that a newer control plane may say more.
Result<ControlRequest> decode_request(std::string_view text);
Result<ControlReply> decode_reply(std::string_view text);
Result<std::vector<Group>> decode_groups(std::string_view text);
Result<std::vector<Target>> decode_targets(std::string_view text);

// One certificate with its key: for the proxy's own files and channels, never for logs.
std::string encode_certificate(const Certificate& certificate);
Result<Certificate> decode_certificate(std::string_view text);
// 64 hexadecimal digits in lower case: safe as a file's name.
bool is_certificate_id(std::string_view id);

// Length and JSON, ready to be written.
std::string frame(std::string_view body);

// Takes the first whole frame off the front of `bytes`. nullopt: more bytes are needed.
// limit_exceeded: the length is above kControlFrameBytesMax; the connection is of no more use.
Result<std::optional<std::string>> take_frame(std::string& bytes);

}  // namespace dokku::proxy
