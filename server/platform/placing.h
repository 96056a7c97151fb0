// Placing: what was staged goes where the server has it, or back, by a plan. For Backups.
//
// Each step is a rename or a further name of an image: no bytes are copied. All may be done again:
// after a kill the next daemon does not know how far the last one came. Threads: one.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "server/model/instance.h"
#include "server/platform/backup_staging.h"
#include "server/platform/transfer_plan.h"

namespace dokku::server {

// Puts the images together from their layers, under names that nobody else sees, and lets go of
// the layers. Notes: images that come out with another digest than they had.
Result<std::vector<std::string>> compose_images(runtime::Images& images, const TransferDir& dir,
                                                const StagedBackup& backup);

// A free name for what is in the way of a volume; empty: nothing is. conflict: `may_move` is false.
Result<std::string> name_aside(const Instance& instance, const std::string& volume, bool may_move);

// `after_each`: called after each step.
Result<> place(const Instance& instance, runtime::Images& images, const StagedPlaces& staged,
               const TransferPlan& plan, const std::function<void()>& after_each);
// As it was before. Failures are logged.
void take_back(const Instance& instance, runtime::Images& images, const StagedPlaces& staged,
               const TransferPlan& plan);

}  // namespace dokku::server
