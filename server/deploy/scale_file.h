// DOKKU_SCALE: a file of a repository that sets how many of each process type run. Its word is the
// last one, as in Dokku until 0.25; today app.json says the same.
#pragma once

#include <string_view>

#include "server/model/formation.h"
#include "server/model/release.h"

namespace dokku::server {

// A line "TYPE=COUNT" each, "#" begins a comment. Lines that are neither are passed over, as Dokku
// did: the file came with somebody's code.
Formation read_scale_file(std::string_view text);
// Of the release's tree; empty: there is no such file, or nothing in it.
Formation formation_of_file(const Release& release);

}  // namespace dokku::server
