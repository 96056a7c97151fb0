// What the proxy knows of gRPC: that a request is a call, and how to say what went wrong with it.
#pragma once

#include "proxy/http/message.h"
#include "proxy/session/downstream.h"

namespace dokku::proxy::session {

// By its Content-Type: application/grpc, or that with a suffix.
bool is_grpc_call(const http::RequestHead& head);

// "TE: trailers", which servers of gRPC look for.
bool takes_trailers(const http::RequestHead& head);

// "Trailers-Only": a whole answer to a call, in place of our page with this status. Static views.
OwnAnswer grpc_answer(int status);

// What ends a call whose answer has begun and will not be whole, as lines. No client takes it for a
// good end, and it says more than a reset. Static.
std::string_view grpc_end(int status);

}  // namespace dokku::proxy::session
