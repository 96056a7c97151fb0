// For fuzz targets of codecs: the same bytes, whole and cut into pieces of every small size, must
// give the same events.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace dokku::fuzz {

inline std::string_view text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Ends the program, so that the fuzzer keeps the input.
inline void demand(bool truth, const char* what, const std::string& a = {},
                   const std::string& b = {}) {
  if (truth) return;
  std::fprintf(stderr, "%s\n--- one:\n%s\n--- other:\n%s\n", what, a.c_str(), b.c_str());
  std::abort();
}

// run(bytes, piece) feeds `bytes` in pieces of that size and writes down what happened.
template <class Run>
void same_in_pieces(std::string_view bytes, Run&& run) {
  const std::string whole = run(bytes, bytes.size() + 1);
  // One of the larger sizes, by what the input is, besides the small ones.
  std::size_t sum = 0;
  for (const char c : bytes) sum = sum * 31 + static_cast<unsigned char>(c);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7},
                                  8 + sum % (bytes.size() + 1)}) {
    const std::string cut = run(bytes, piece);
    demand(cut == whole, "pieces give other events", whole, cut);
  }
}

}  // namespace dokku::fuzz
