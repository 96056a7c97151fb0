// Door: what a browser finds where no app answers, while this server can be set up.
//
//   a link is open    the set-up page, shown by a worker (server/setup_page)
//   nobody may push   a page that the proxy shows by itself: it says what to type
//   else              nothing of ours: the proxy says that no app answers to this name
//
// Which of them it is follows from the store alone, so a restart changes nothing. Threads: any; two
// of our own for as long as a link is open.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "proxy/control/routes.h"
#include "server/platform/setup_door.h"
#include "server/setup_page/messages.h"
#include "server/store/setup_link.h"

namespace dokku::server {

class SetupSession;  // session.h

class Door final : public SetupDoor {
 public:
  struct Parts {
    Store& store;
    const Clock& clock;
    std::uint16_t http_port;
    // Routes of a group that is no app's (server/deploy/routes.h).
    std::function<Result<>(const proxy::Group&)> publish;
    std::function<Result<>(const std::string& key)> withdraw;
    // What the page asks (questions.h).
    std::function<SetupReply(const SetupQuestion&)> answer;
    // Shows the page until `channel` ends (page_server.h). Blocks.
    std::function<Result<>(int listener, int channel)> show;
  };
  explicit Door(Parts parts);
  // Waits for what is shown now.
  ~Door() override;

  Result<> follow() override;

 private:
  enum class State { shut, nobody_may_push, link_open };
  Result<State> state(SetupLink& link) const;
  Result<> open_session(const SetupLink& link);
  void close_session();

  const Parts parts_;
  std::mutex mutex_;                       // of what follows; held while the proxy is told
  std::unique_ptr<SetupSession> session_;  // whose page is shown
  std::string shown_;                      // digest of its link
  std::vector<std::unique_ptr<SetupSession>> closing_;  // they finish what they have begun
  bool ended_ = false;
};

}  // namespace dokku::server
