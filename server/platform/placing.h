// Placing: what was staged goes where the server has it, and back when the rows do not follow. For
// Backups.
//
// Each step is a rename or a further name of an image: no bytes are copied. Until `keep` all is
// undone by the destructor. Threads: one.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "server/platform/backup_staging.h"

namespace dokku::server {

class Placing {
 public:
  Placing(const Instance& instance, runtime::Images& images, const TransferDir& dir)
      : instance_(instance), images_(images), dir_(dir) {}
  ~Placing();
  Placing(const Placing&) = delete;
  Placing& operator=(const Placing&) = delete;

  // Puts the images together from their layers, under names that nobody else sees, and lets go of
  // the layers. Notes: images that come out with another digest than they had.
  Result<std::vector<std::string>> compose(const StagedBackup& backup);
  // Under the name that the app `to` has for it.
  Result<> place_image(const BackupImage& image, const std::string& to);
  // All that is staged of `from`.
  Result<> place_sources(const std::string& from, const std::string& to);
  // conflict: something is there. `aside`: what is there gets another name first; that name.
  Result<std::string> place_volume(const std::string& from, const std::string& to, bool aside);
  void keep() { kept_ = true; }

 private:
  const Instance& instance_;
  runtime::Images& images_;
  const TransferDir& dir_;
  bool kept_ = false;
  std::vector<runtime::ImageRef> placed_images_;
  std::vector<std::filesystem::path> placed_;
  std::vector<std::pair<std::filesystem::path, std::filesystem::path>> aside_;  // was, is
};

}  // namespace dokku::server
