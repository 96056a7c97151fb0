#include "server/setup_door/door.h"

#include <algorithm>

#include "base/log.h"
#include "server/setup_door/session.h"
#include "server/setup_page/pages.h"
#include "server/store/keys.h"

namespace dokku::server {
namespace {

constexpr const char* kRoute = ":setup";  // no app can be called so
constexpr const char* kEverything = "*";

// Nothing of it is logged: the path of a link is its secret.
proxy::Group group_at(std::uint16_t port) {
  proxy::Group group{.key = kRoute, .hosts = {kEverything}, .generation = 1};
  group.listeners = {{.port = port}};
  group.settings.access_log = proxy::Settings::AccessLog::off;
  group.settings.error_log = false;
  group.settings.client_max_body_size = kSetupFormBytesMax;
  return group;
}

}  // namespace

Door::Door(Parts parts) : parts_(std::move(parts)) {}

Door::~Door() {
  // Destroyed without the mutex, which they may want.
  std::vector<std::unique_ptr<SetupSession>> last;
  const std::lock_guard hold(mutex_);
  ended_ = true;
  close_session();
  last.swap(closing_);
}

Result<Door::State> Door::state(SetupLink& open) const {
  return parts_.store.read([&](ReadTx& tx) -> Result<State> {
    const std::optional<SetupLink> link = TRY(setup_link(tx, parts_.clock.wall()));
    if (link) {
      open = *link;
      return State::link_open;
    }
    const std::vector<StoredKey> keys = TRY(list_keys(tx));
    return keys.empty() ? State::nobody_may_push : State::shut;
  });
}

Result<> Door::follow() {
  const std::lock_guard hold(mutex_);
  if (ended_) return {};
  std::erase_if(closing_, [](const auto& each) { return each->finished(); });
  SetupLink link;
  const State now = TRY(state(link));
  proxy::Group group = group_at(parts_.http_port);
  switch (now) {
    case State::link_open:
      TRY(open_session(link));
      group.targets = {{"127.0.0.1", session_->port(), "setup"}};
      return parts_.publish(group);
    case State::nobody_may_push:
      close_session();
      group.settings.maintenance = true;
      group.settings.maintenance_page = setup_notice();
      return parts_.publish(group);
    case State::shut:
      close_session();
      return parts_.withdraw(kRoute);
  }
  return {};
}

// Each link has a worker of its own, which has not heard wrong guesses at an earlier one.
Result<> Door::open_session(const SetupLink& link) {
  if (session_ && !session_->over() && shown_ == link.digest) return {};
  close_session();
  const auto over = [this] {
    const Result<> followed = follow();
    if (!followed) log::warn("the set-up page: " + followed.error().message());
  };
  const Duration life = link.until - parts_.clock.wall();
  session_ = TRY(SetupSession::open({parts_.answer, parts_.show, over}, life));
  shown_ = link.digest;
  return {};
}

// Its route goes or changes after this; requests that it has keep their connection.
void Door::close_session() {
  if (!session_) return;
  session_->close();
  closing_.push_back(std::move(session_));
}

}  // namespace dokku::server
