// Finding: one line of `dokku doctor`.
#pragma once

#include <string>
#include <vector>

namespace dokku::server {

struct Finding {
  // `note`: worth knowing, but nothing is broken.
  enum class State { good, note, wrong };
  std::string check;  // "containerd", "disk"
  State state = State::good;
  std::string what;  // one line, a sentence without full stop
  std::string mend;  // what to type, or to do; empty: nothing
};

inline Finding good(std::string check, std::string what) {
  return {std::move(check), Finding::State::good, std::move(what), ""};
}
inline Finding note(std::string check, std::string what, std::string mend) {
  return {std::move(check), Finding::State::note, std::move(what), std::move(mend)};
}
inline Finding wrong(std::string check, std::string what, std::string mend) {
  return {std::move(check), Finding::State::wrong, std::move(what), std::move(mend)};
}

using Findings = std::vector<Finding>;

}  // namespace dokku::server
