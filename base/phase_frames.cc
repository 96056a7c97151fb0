#include "base/phase_frames.h"

namespace dokku::phase {

std::string encode_run(const std::vector<std::string>& argv, const std::vector<std::string>& env,
                       const std::string& directory, std::uint32_t flags) {
  if (argv.empty() || argv.size() + env.size() > kStringsMax) return {};
  unsigned char counts[12];
  put_u32(counts, flags);
  put_u32(counts + 4, static_cast<std::uint32_t>(argv.size()));
  put_u32(counts + 8, static_cast<std::uint32_t>(env.size()));
  std::string payload(reinterpret_cast<const char*>(counts), sizeof counts);
  bool clean = true;
  const auto append = [&](const std::string& text) {
    clean = clean && text.find('\0') == std::string::npos;
    payload.append(text.c_str(), text.size() + 1);
  };
  for (const std::string& text : argv) append(text);
  for (const std::string& text : env) append(text);
  append(directory);
  if (!clean || payload.size() > kRequestBytesMax) return {};
  unsigned char head[kHeaderBytes];
  encode_header({Kind::run, 0, static_cast<std::uint32_t>(payload.size())}, head);
  return std::string(reinterpret_cast<const char*>(head), sizeof head) + payload;
}

}  // namespace dokku::phase
