#include <algorithm>

#include "cli/commands/arguments.h"
#include "cli/commands/registry.h"
#include "cli/commands/topics.h"

namespace dokku::cli {
namespace {

Result<int> urls(Invocation& call) {
  const server::App app = TRY(app_argument(call, 0, Missing::bash));
  const std::vector<std::string> all = TRY(call.platform.domains.urls(app));
  for (const std::string& url : all) call.print.line(url);
  return 0;
}

Result<int> url(Invocation& call) {
  const server::App app = TRY(app_argument(call, 0, Missing::bash));
  const std::vector<std::string> all = TRY(call.platform.domains.urls(app));
  // The safe way first, when there is one.
  const auto https = std::find_if(all.begin(), all.end(), [](const std::string& each) {
    return each.rfind("https://", 0) == 0;
  });
  if (!all.empty()) call.print.line(https == all.end() ? all.front() : *https);
  return 0;
}

}  // namespace

void add_url_commands(Registry& registry) {
  registry.add({.name = "url",
                .arguments = "<app>",
                .description = "Show the first URL for an app",
                .access = Access::reader,
                .run = url,
                .grammar = Grammar::words});
  registry.add({.name = "urls",
                .arguments = "<app>",
                .description = "Show all URLs for an app",
                .access = Access::reader,
                .run = urls,
                .grammar = Grammar::words});
}

}  // namespace dokku::cli
