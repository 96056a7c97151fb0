// Link: the client's end of the command socket.
//
// Sending blocks; receiving takes what is there. Used by the program `dokku` and by dokku-receive.
// Threads: one.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "cli/wire/frame.h"
#include "cli/wire/messages.h"

namespace dokku::cli {

class Link {
 public:
  // Connects and sends greeting and call at once. not_found, unavailable: no daemon there;
  // permission_denied: not for this user.
  static Result<Link> call(const std::string& socket, const wire::Call& call,
                           const std::vector<UniqueFd>& descriptors = {});

  int fd() const { return socket_.get(); }
  // The daemon is gone: `cancelled`.
  Result<> send(wire::FrameType type, std::string_view payload,
                const std::vector<UniqueFd>& descriptors = {});
  // After fd() became readable. false: the daemon is gone.
  Result<bool> receive();
  // Frames that arrived, in order. invalid_argument: the two programs do not understand each
  // other, with what to do about it.
  Result<std::optional<wire::Frame>> next();
  std::vector<UniqueFd> take_descriptors(const wire::Frame& frame);

 private:
  explicit Link(UniqueFd socket) : socket_(std::move(socket)) {}
  Result<> send_all(std::string_view bytes, const std::vector<UniqueFd>& descriptors);

  UniqueFd socket_;
  wire::FrameReader reader_{wire::From::daemon};
  std::deque<UniqueFd> descriptors_;
};

}  // namespace dokku::cli
