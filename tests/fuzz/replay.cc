// In place of libFuzzer where the compiler has none (g++): replays the seeds, then random changes
// of them, without any knowledge of what the code does with them. Finds less than `cmake --preset
// fuzz` does; it keeps the targets alive and the seeds green.
//
//   fuzz_x [-max_total_time=SECONDS] [-seed=N] SEEDS
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;

std::vector<Input> read_seeds(const char* folder) {
  std::vector<Input> seeds;
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, error)) {
    std::ifstream file(entry.path(), std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return seeds;
}

// One small change: a byte, a bit, a piece cut out, doubled, or taken from another seed.
void change(Input& input, const std::vector<Input>& seeds, std::mt19937_64& random) {
  const std::size_t at = input.empty() ? 0 : random() % input.size();
  const std::size_t size = input.empty() ? 0 : 1 + random() % std::min<std::size_t>(
                                                       input.size() - at, 16);
  const auto begin = input.begin() + static_cast<std::ptrdiff_t>(at);
  const auto end = begin + static_cast<std::ptrdiff_t>(size);
  constexpr std::string_view kTelling = "\r\n\t :;,=\"0159afAF/*#_\x80\xff";
  switch (random() % 6) {
    case 0:
      if (size > 0) *begin = static_cast<std::uint8_t>(kTelling[random() % kTelling.size()]);
      break;
    case 1:
      if (size > 0) *begin ^= static_cast<std::uint8_t>(1U << (random() % 8));
      break;
    case 2:
      input.erase(begin, end);
      break;
    case 3: {
      const Input piece(begin, end);
      input.insert(begin, piece.begin(), piece.end());
      break;
    }
    case 4:
      input.insert(begin, static_cast<std::uint8_t>(random()));
      break;
    default: {
      const Input& other = seeds[random() % seeds.size()];
      if (other.empty()) break;
      const std::size_t from = random() % other.size();
      const std::size_t count = std::min<std::size_t>(other.size() - from, 1 + random() % 64);
      input.insert(begin, other.begin() + static_cast<std::ptrdiff_t>(from),
                   other.begin() + static_cast<std::ptrdiff_t>(from + count));
      break;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  long seconds = 10;
  std::uint64_t seed = 1;
  std::vector<Input> seeds;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.starts_with("-max_total_time=")) {
      seconds = std::atol(argv[i] + 16);
    } else if (argument.starts_with("-seed=")) {
      seed = std::strtoull(argv[i] + 6, nullptr, 10);
    } else if (!argument.starts_with("-")) {
      seeds = read_seeds(argv[i]);
    }
  }
  if (seeds.empty()) {
    std::fprintf(stderr, "no seeds\n");
    return 1;
  }
  for (const Input& each : seeds) LLVMFuzzerTestOneInput(each.data(), each.size());
  std::mt19937_64 random(seed);
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
  std::uint64_t runs = 0;
  while (std::chrono::steady_clock::now() < until) {
    Input input = seeds[random() % seeds.size()];
    for (std::uint64_t changes = 1 + random() % 6; changes > 0; --changes) {
      change(input, seeds, random);
    }
    LLVMFuzzerTestOneInput(input.data(), input.size());
    ++runs;
  }
  std::printf("replay (no coverage guidance): %zu seeds, %llu changed inputs, seed %llu\n",
              seeds.size(), static_cast<unsigned long long>(runs),
              static_cast<unsigned long long>(seed));
  return 0;
}
