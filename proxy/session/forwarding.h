// What an app is told about where a request came from, and whether the client's own words count.
#pragma once

#include "proxy/h1/write.h"
#include "proxy/http/message.h"
#include "proxy/route/table.h"
#include "proxy/session/context.h"
#include "proxy/session/exchange.h"

namespace dokku::proxy::session {

// Valid until the next call for the same context. What a client says of itself is replaced, unless
// the route trusts the peer, or its settings say that another proxy stands before us.
h1::Forwarding forwarding(Context& context, const route::Route& route,
                          const http::RequestHead& head, const Origin& origin);

}  // namespace dokku::proxy::session
