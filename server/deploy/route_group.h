// What the proxy is told of an app, made of what the store says: ports, certificate, settings.
#pragma once

#include <vector>

#include "proxy/control/routes.h"
#include "server/model/instance.h"
#include "server/model/route_spec.h"

namespace dokku::server {

// Fills in hosts, listeners, certificates and settings. `app_port`: where its web processes listen;
// the first port map leads there, whatever it says, until the next start makes it true.
void describe_ways(const RouteSpec& spec, const Instance& instance, std::uint16_t app_port,
                   proxy::Group& group);

// The certificate that the group then names; none: there is none.
std::vector<proxy::Certificate> certificates_of(const RouteSpec& spec);

}  // namespace dokku::server
