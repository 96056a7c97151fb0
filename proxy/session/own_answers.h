// What is answered without asking an app: challenges of certificate authorities, the way to https,
// maintenance.
#pragma once

#include <optional>

#include "proxy/http/message.h"
#include "proxy/route/table.h"
#include "proxy/session/context.h"
#include "proxy/session/downstream.h"
#include "proxy/session/exchange.h"

namespace dokku::proxy::session {

// The route's own answer to this request; nothing: the app is asked. Views point into the route.
std::optional<OwnAnswer> own_answer(const route::Route& route, const route::Entrance& entrance,
                                    const http::RequestHead& head, const Origin& origin);

// The request is for another app than the one that the client asked for by TLS, under a
// certificate that the two do not share (RFC 9110 §15.5.20).
bool misdirected(const Context& context, const route::Route& route, const http::RequestHead& head,
                 const Origin& origin);

}  // namespace dokku::proxy::session
