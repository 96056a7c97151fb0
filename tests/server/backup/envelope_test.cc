#include "server/backup/envelope.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/backups/strings.h"

namespace dokku::server {
namespace {

using testing::for_passphrase;
using testing::read_backup;
using testing::StringSink;
using testing::StringSource;
using testing::write_backup;

const std::vector<testing::Member> kMembers{
    {"manifest", "", R"({"kind":"server"})"},
    {"rows/apps", "", "rows of apps"},
    {"volume/data/a b", "f 644 32767 32767 0", std::string(300, 'v')},
    {"volume/data/empty", "f 600 0 0 0", ""}};

SealKey secret_key() { return SealKey::of("01234567890123456789012345678901"); }
SealFor for_key() { return {.recipients = {*public_of(secret_key())}}; }

struct Way {
  const char* name;
  SealFor whom;
  OpenWith with;
};

std::vector<Way> ways() {
  SealFor both = for_passphrase("word");
  both.recipients = for_key().recipients;
  return {{"Clear", {}, {}},
          {"Passphrase", for_passphrase("word"), {.passphrase = "word"}},
          {"Key", for_key(), {.secret = secret_key()}},
          {"BothByPassphrase", both, {.passphrase = "word"}},
          {"BothByKey", both, {.secret = secret_key()}}};
}

TEST(Envelope, EveryWayToSealComesBackInPiecesOfEachSize) {
  for (const Way& way : ways()) {
    const std::string bytes = write_backup(way.whom, kMembers);
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1} << 20}) {
      const auto members = read_backup(bytes, way.with, piece);
      ASSERT_TRUE(members) << way.name << ": " << members.error().message();
      EXPECT_EQ(*members, kMembers) << way.name;
    }
  }
}

// Whatever byte is another, the file is refused as a whole.
TEST(Envelope, EveryFlippedByteIsSeen) {
  for (const Way& way : ways()) {
    const std::string bytes = write_backup(way.whom, kMembers);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      for (const int bit : {0, 3, 7}) {
        // What a flip may make a passphrase cost is tested in cipher_test.cc.
        std::string changed = bytes;
        changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
        const bool other_lock_opens = std::string_view(way.name).starts_with("Both");
        const auto members = read_backup(changed, way.with);
        ASSERT_FALSE(members) << way.name << ": byte " << i << " bit " << bit
                              << (other_lock_opens ? " (two locks)" : "");
        ASSERT_FALSE(members.error().message().empty());
      }
    }
  }
}

TEST(Envelope, EveryCutIsSeenAndNamed) {
  for (const Way& way : ways()) {
    const std::string bytes = write_backup(way.whom, kMembers);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      const auto members = read_backup(std::string_view(bytes).substr(0, size), way.with);
      ASSERT_FALSE(members) << way.name << ": cut at " << size;
      const std::string& why = members.error().message();
      const bool named =
          why.find("cut") != std::string::npos || why.find("empty") != std::string::npos;
      EXPECT_TRUE(named) << way.name << ": cut at " << size << ": " << why;
    }
    EXPECT_FALSE(read_backup(bytes + "x", way.with)) << way.name;
  }
}

TEST(Envelope, ChunksCannotBeLeftOutRepeatedOrReordered) {
  const std::string large(5 * kChunkBytes, 'c');
  const std::string bytes = write_backup(for_passphrase("word"), {{"m", "", large}});
  const OpenWith with{.passphrase = "word"};
  ASSERT_TRUE(read_backup(bytes, with));
  constexpr std::size_t kChunk = kChunkBytes + kTagBytes;
  const std::size_t head = 12 + 4 + 16 + 4 + 48;  // docs/formats.md
  const auto chunk = [&](std::size_t i) { return bytes.substr(head + i * kChunk, kChunk); };
  const std::string rest = bytes.substr(head + 3 * kChunk);
  const std::string start = bytes.substr(0, head);
  EXPECT_TRUE(read_backup(start + chunk(0) + chunk(1) + chunk(2) + rest, with));
  EXPECT_FALSE(read_backup(start + chunk(0) + chunk(2) + chunk(1) + rest, with));
  EXPECT_FALSE(read_backup(start + chunk(0) + chunk(2) + rest, with));
  EXPECT_FALSE(read_backup(start + chunk(0) + chunk(1) + chunk(1) + chunk(2) + rest, with));
  const auto cut = read_backup(start + chunk(0) + chunk(1), with);
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error().message(), "The backup is cut: its end is missing");
}

// The last chunk may be full, and a payload may end where a chunk does.
TEST(Envelope, AnyLengthComesBack) {
  for (const std::size_t size : {kChunkBytes - 1, kChunkBytes, kChunkBytes + 1, 2 * kChunkBytes}) {
    StringSink sink;
    auto sealer = Sealer::begin(sink, for_passphrase("word"));
    ASSERT_TRUE(sealer);
    const std::string payload(size, 'p');
    ASSERT_TRUE((*sealer)->write(payload));
    ASSERT_TRUE((*sealer)->finish());
    StringSource source(sink.bytes);
    auto opener = Opener::begin(source);
    ASSERT_TRUE(opener);
    ASSERT_TRUE((*opener)->unlock({.passphrase = "word"}));
    std::string back(size + 10, '\0');
    const auto got = read_full(**opener, back.data(), back.size());
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_EQ(back.substr(0, *got), payload);
  }
}

struct Refusal {
  const char* name;
  OpenWith with;
  const char* why;
};

TEST(Envelope, SaysWhichKeyIsWanting) {
  const std::string by_word = write_backup(for_passphrase("word"), kMembers);
  const std::string by_key = write_backup(for_key(), kMembers);
  const auto why = [](const std::string& bytes, const OpenWith& with) {
    const auto members = read_backup(bytes, with);
    return members ? std::string("opened") : members.error().message();
  };
  EXPECT_EQ(why(by_word, {}), "The backup is sealed: it needs its passphrase");
  EXPECT_EQ(why(by_key, {}), "The backup is sealed: it needs its secret key");
  EXPECT_EQ(why(by_key, {.passphrase = "word"}), "The backup is sealed: it needs its secret key");
  EXPECT_EQ(why(by_word, {.passphrase = "Word"}), "This passphrase does not open the backup");
  EXPECT_EQ(why(by_key, {.secret = SealKey::random()}), "This key does not open the backup");
}

TEST(Envelope, ANewerFormatAndAForeignFileAreNamed) {
  std::string bytes = write_backup({}, kMembers);
  bytes[8] = 3;
  const auto newer = read_backup(bytes, {});
  ASSERT_FALSE(newer);
  EXPECT_EQ(newer.error().code(), Errc::conflict);
  EXPECT_EQ(newer.error().message(),
            "The backup has format 3, written by a newer version; this one knows format 2\n"
            "Install the newer version first");
  EXPECT_EQ(read_backup("PK\x03\x04 something else", {}).error().message(),
            "This is not a backup of dokku's");
  EXPECT_EQ(read_backup("", {}).error().message(), "The backup is empty");
}

TEST(Envelope, NothingOfASealedFileIsInClearText) {
  const std::string secret = "SECRET_KEY_BASE=0123456789";
  const std::string bytes = write_backup(for_passphrase("word"), {{"rows/config", "", secret}});
  EXPECT_EQ(bytes.find("SECRET"), std::string::npos);
  EXPECT_EQ(bytes.find("rows/"), std::string::npos);
  EXPECT_NE(bytes, write_backup(for_passphrase("word"), {{"rows/config", "", secret}}));
}

}  // namespace
}  // namespace dokku::server
