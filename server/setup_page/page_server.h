// The worker that shows the set-up page: requests from the proxy in, questions to dokkud out.
//
// `dokku-worker setup-page` under the build user, for as long as a link is open: strangers' bytes
// are not parsed in the daemon. Ends when dokkud closes the channel, once what is under way is
// answered: ten seconds at most.
#pragma once

#include <string>

#include "base/result.h"

namespace dokku::server {

// `listener`: a listening TCP socket; `channel`: SOCK_SEQPACKET, to dokkud. Both are borrowed.
Result<std::string> show_setup_page(int listener, int channel);

}  // namespace dokku::server
