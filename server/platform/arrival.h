// Arrival: the way of a backup into this server, the same for a whole one (restore.cc) and for one
// app (import.cc): read, settle, place, commit, start.
//
// Before the commit a failure or a kill changes nothing, after it nothing fails the arrival: the
// rows are there, and what follows from them is made now or by the next daemon. Threads: one.
#pragma once

#include <string>
#include <vector>

#include "server/platform/backups.h"
#include "server/platform/placing.h"

namespace dokku::server {

class Arrival {
 public:
  virtual ~Arrival() = default;
  Result<RestoreDone> run(int from, const OpenKeys& keys, bool volumes);

 protected:
  Arrival(const BackupParts& parts, const TransferDir& dir, const Actor& actor, Progress& progress)
      : parts_(parts), dir_(dir), actor_(actor), progress_(progress) {}

  // Called with the manifest, before anything is staged.
  virtual Result<> check(const BackupManifest& manifest) = 0;
  // The staged rows become what this server can be.
  virtual Result<> settle(Store& staged) = 0;
  // The last thing before it begins: what is in the way goes, when that was asked for.
  virtual Result<> make_room() { return {}; }
  // The apps that come, as they are called here; nobody else touches them meanwhile.
  virtual std::vector<std::string> names() const = 0;
  virtual Result<TransferPlan> plan() = 0;
  virtual Result<std::vector<App>> commit(WriteTx& tx) = 0;
  virtual const char* deed() const = 0;

  // Images of the backup, under the names that they get.
  Result<> plan_images(TransferPlan& plan, const std::string& to_app) const;

  const BackupParts& parts_;
  const TransferDir& dir_;
  const Actor& actor_;
  Progress& progress_;
  StagedBackup backup_;
  RestoreDone done_;

 private:
  Result<> bring_in();
  Result<std::vector<Turns::Turn>> take_turns();
  Result<> place_and_commit(const TransferPlan& plan);
  Result<> start();
};

// What follows from the rows of a plan that was taken: files that people edit, keys, repositories.
// Also at the daemon's start. What could not be made, as notes.
std::vector<std::string> finish_arrival(const BackupParts& parts,
                                        const std::filesystem::path& folder,
                                        const TransferPlan& plan, const std::vector<App>& apps);

}  // namespace dokku::server
