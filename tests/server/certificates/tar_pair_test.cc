#include "server/certificates/tar_pair.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>

namespace dokku::server {
namespace {

std::string entry(const std::string& name, const std::string& content, char kind = '0') {
  std::string header(512, '\0');
  header.replace(0, name.size(), name);
  std::array<char, 13> size{};
  std::snprintf(size.data(), size.size(), "%011o", static_cast<unsigned>(content.size()));
  header.replace(124, 11, size.data());
  header[156] = kind;
  std::string body = content;
  body.resize((content.size() + 511) / 512 * 512, '\0');
  return header + body;
}
const std::string kEnd(1024, '\0');

std::string says(const std::string& tar) {
  const auto pair = key_pair_from_tar(tar);
  return pair ? "" : pair.error().message();
}

TEST(TarPair, AsAWorkersAnswerAZeroByteIsBetween) {
  const auto answer = certificate_tar_task(entry("a.crt", "CRT") + entry("a.key", "KEY") + kEnd);
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, std::string("CRT\0KEY", 7));
}

TEST(TarPair, FindsBothInWhateverFolder) {
  const auto pair = key_pair_from_tar(entry("certs/", "", '5') + entry("certs/server.crt", "CRT") +
                                      entry("certs/._server.key", "junk") +
                                      entry("certs/server.key", std::string(600, 'K')) + kEnd);
  ASSERT_TRUE(pair) << pair.error().message();
  EXPECT_EQ(pair->chain, "CRT");
  EXPECT_EQ(pair->key, std::string(600, 'K'));
}

TEST(TarPair, SaysWhatIsMissingOrTooMany) {
  const std::string crt = entry("server.crt", "C"), key = entry("server.key", "K");
  EXPECT_EQ(says(key + kEnd), "Tar archive is missing .crt file");
  EXPECT_EQ(says(crt + kEnd), "Tar archive is missing .key file");
  EXPECT_EQ(says(crt + crt + key), "Tar archive contains more than one .crt file");
  EXPECT_EQ(says(crt + key + key), "Tar archive contains more than one .key file");
  EXPECT_EQ(says(entry("server.crt", "C", '2') + key), "Tar archive is missing .crt file");
}

TEST(TarPair, CutShortAtAnyByteIsNoTrouble) {
  const std::string whole = entry("server.crt", std::string(700, 'C')) + entry("server.key", "K");
  for (std::size_t size = 0; size < whole.size() - 511; size += 37) {
    EXPECT_NE(says(whole.substr(0, size)), "") << size;
  }
  EXPECT_NE(says(std::string(2048, '\xff')), "");
}

}  // namespace
}  // namespace dokku::server
