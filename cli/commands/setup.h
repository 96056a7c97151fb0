// `dokku setup`: what an installation lacks, asked for.
#pragma once

namespace dokku::cli {

class Registry;

void add_setup_commands(Registry& registry);

}  // namespace dokku::cli
