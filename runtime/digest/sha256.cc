#include "runtime/digest/sha256.h"

#include <fcntl.h>
#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/io.h"

namespace dokku::runtime {

struct Sha256::State {
  State() : context(EVP_MD_CTX_new()) {
    // Fails only without memory or without SHA-256 in libcrypto: nothing to go on with.
    CHECK(context != nullptr);
    CHECK(EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1);
  }
  State(const State&) = delete;
  ~State() { EVP_MD_CTX_free(context); }
  EVP_MD_CTX* context;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

Sha256& Sha256::update(std::string_view bytes) {
  CHECK(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
  return *this;
}

std::string Sha256::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> raw{};
  unsigned size = 0;
  CHECK(EVP_DigestFinal_ex(state_->context, raw.data(), &size) == 1);
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text = "sha256:";
  text.reserve(text.size() + 2 * size);
  for (unsigned i = 0; i < size; ++i) {
    text.push_back(kHex[raw[i] >> 4]);
    text.push_back(kHex[raw[i] & 15U]);
  }
  return text;
}

std::string sha256_of(std::string_view bytes) { return Sha256().update(bytes).finish(); }

Result<std::string> sha256_of_file(const std::filesystem::path& path) {
  const UniqueFd file = TRY(open_file(path, O_RDONLY));
  Sha256 digest;
  std::vector<char> buffer(std::size_t{256} * 1024);
  for (;;) {
    const std::size_t got = TRY(read_some(file.get(), buffer.data(), buffer.size()));
    if (got == 0) return digest.finish();
    digest.update({buffer.data(), got});
  }
}

}  // namespace dokku::runtime
