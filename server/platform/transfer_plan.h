// TransferPlan: what of a staged backup goes where on this server. Written down before the first
// step, so that the next daemon ends what a killed one began, or undoes it.
//
// It lies in the TransferDir. Whether its rows are there is said by the store: `mark_taken` in the
// transaction that brings them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "server/store/store.h"

namespace dokku::server {

struct TransferPlan {
  struct Move {
    std::string from, to;  // names below the transfer's folders, and here
    friend bool operator==(const Move&, const Move&) = default;
  };
  std::vector<Move> images;        // names of images: staged, given
  std::vector<Move> sources;       // apps
  std::vector<Move> volumes;       // folders of storage
  std::vector<Move> aside;         // what is in the way of volumes: as it is called, as it will be
  std::vector<Move> repositories;  // bundles by app, and the app
  std::vector<std::string> env_files;  // apps that get a file ENV to edit
  friend bool operator==(const TransferPlan&, const TransferPlan&) = default;
};

// not_found: nothing was written.
Result<TransferPlan> read_plan(const std::filesystem::path& folder);
Result<> write_plan(const std::filesystem::path& folder, const TransferPlan& plan);

// `transfer`: the name of its folder.
Result<> mark_taken(WriteTx& tx, const std::string& transfer);
Result<bool> was_taken(const ReadTx& tx, const std::string& transfer);

}  // namespace dokku::server
