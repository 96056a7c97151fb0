#include "server/deploy/scale_file.h"

#include <algorithm>
#include <string>

namespace dokku::server {

Formation read_scale_file(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  Formation counts;
  while (!text.empty()) {
    const std::string_view whole = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(whole.size() + 1, text.size()));
    std::string word(whole.substr(0, whole.find('#')));
    std::erase_if(word, [&](char c) { return kBlanks.find(c) != std::string_view::npos; });
    if (word.empty()) continue;
    const Result<Formation> one = parse_formation({word});
    if (one) counts.insert_or_assign(one->begin()->first, one->begin()->second);
  }
  return counts;
}

Formation formation_of_file(const Release& release) {
  const auto file = release.files.find("DOKKU_SCALE");
  return file == release.files.end() ? Formation() : read_scale_file(file->second);
}

}  // namespace dokku::server
