// AddressBook: which container has which number of the subnet, kept over restarts and reboots.
//
// A free number is not given out again before all others were: the proxy may still hold
// connections to the container that had it. Not thread-safe.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/result.h"

namespace dokku::runtime {

class AddressBook {
 public:
  // Numbers from `first` to `last`. A missing file is an empty book.
  static Result<AddressBook> load(const std::filesystem::path& file, unsigned first, unsigned last);

  // The number that `id` has, or now gets. conflict: all are given out.
  Result<unsigned> assign(const std::string& id);
  // As found on the host; takes the number from whoever had it.
  void adopt(const std::string& id, unsigned number);
  void forget(const std::string& id);
  const std::map<std::string, unsigned>& all() const { return by_id_; }

  // Replaces the file. Not synced: after a power cut an older book is as good.
  Result<> save() const;

 private:
  AddressBook(std::filesystem::path file, unsigned first, unsigned last)
      : file_(std::move(file)), first_(first), last_(last), next_(first) {}

  std::filesystem::path file_;
  unsigned first_, last_, next_;
  std::map<std::string, unsigned> by_id_;
  std::map<unsigned, std::string> by_number_;
};

}  // namespace dokku::runtime
