#include "server/deploy/scale_file.h"

#include <algorithm>

namespace dokku::server {

Formation read_scale_file(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  Formation counts;
  while (!text.empty()) {
    const std::string_view whole = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(whole.size() + 1, text.size()));
    std::string_view line = whole.substr(0, whole.find('#'));
    const std::size_t begin = line.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) continue;
    line = line.substr(begin, line.find_last_not_of(kBlanks) - begin + 1);
    const Result<Formation> one = parse_formation({std::string(line)});
    if (one) counts.insert_or_assign(one->begin()->first, one->begin()->second);
  }
  return counts;
}

Formation formation_of_file(const Release& release) {
  const auto file = release.files.find("DOKKU_SCALE");
  return file == release.files.end() ? Formation() : read_scale_file(file->second);
}

}  // namespace dokku::server
