// Setup: what a bare installation lacks (a key, how apps are reached), said at the terminal or, by
// a one-time link, in a browser. Both take the same words and come to the same transaction.
//
// The link is 128 random bits; the store has their digest and an end, so a restart of the daemon
// keeps it. It opens the page as often as somebody looks, and is gone once it was used.
// Threads: any.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "server/model/domain.h"
#include "server/model/instance.h"
#include "server/platform/domains.h"
#include "server/platform/events.h"
#include "server/platform/keys.h"
#include "server/platform/mirror.h"

namespace dokku::server {

// As it was typed.
struct SetupAnswers {
  std::string keys;     // public ssh keys, one a line
  std::string domain;   // a name, or "ip": one made of the address, or "none": ports; empty: as is
  std::string address;  // under which this server is known; empty: as is
};

struct SetupDone {
  std::vector<StoredKey> added;  // without those that were there
  std::vector<Domain> domains;   // those of now
};

struct SetupFacts {
  std::string address;
  std::size_t keys = 0;
  std::vector<Domain> domains;
  std::string remote;  // "dokku@203.0.113.7:my-app", for git
};

class Setup {
 public:
  // `door`: see setup_door.h; null in tests.
  Setup(const Instance& instance, Store& store, const Clock& clock, Mirror& mirror, Keys& keys,
        Domains& domains, Events& events, SetupDoor* door)
      : instance_(instance),
        store_(store),
        clock_(clock),
        mirror_(mirror),
        keys_(keys),
        domains_(domains),
        events_(events),
        door_(door) {}

  // invalid_argument: a key, domain or address is none, and nothing has changed.
  Result<SetupDone> apply(const SetupAnswers& said);
  Result<SetupFacts> facts();

  // A new link: "http://203.0.113.7/setup/TOKEN". An earlier one is of no use any more.
  // unavailable: it is made, but the proxy is away.
  Result<std::string> open_link();
  // Whether the link with this token is good now.
  Result<bool> opens(std::string_view token);
  // As apply, and the link is used up. Here a domain and at least one key must be known in the
  // end. not_found: the link is of no use.
  Result<SetupDone> apply_by_link(std::string_view token, const SetupAnswers& said);

 private:
  Result<SetupDone> commit(const SetupAnswers& said, std::string_view token);

  const Instance& instance_;
  Store& store_;
  const Clock& clock_;
  Mirror& mirror_;
  Keys& keys_;
  Domains& domains_;
  Events& events_;
  SetupDoor* door_;
};

}  // namespace dokku::server
