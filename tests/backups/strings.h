// Streams over strings, and small backups: for tests of server/backup and of who uses it, and for
// the fuzz target.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "server/backup/envelope.h"
#include "server/backup/members.h"

namespace dokku::server::testing {

class StringSink final : public ByteSink {
 public:
  std::string bytes;
  Result<> write(std::string_view more) override {
    bytes += more;
    return {};
  }
};

// Gives out at most `piece` bytes at a time.
class StringSource final : public ByteSource {
 public:
  explicit StringSource(std::string_view bytes, std::size_t piece = SIZE_MAX)
      : bytes_(bytes), piece_(piece) {}
  Result<std::size_t> read(char* into, std::size_t size) override {
    const std::size_t count = std::min({size, piece_, bytes_.size() - at_});
    std::copy_n(bytes_.data() + at_, count, into);
    at_ += count;
    return count;
  }

 private:
  std::string_view bytes_;
  std::size_t piece_;
  std::size_t at_ = 0;
};

// Cheap enough to be tried for each byte of a file.
inline SealFor for_passphrase(const std::string& passphrase) {
  return {.passphrase = passphrase, .cost = {.log2_n = 1, .r = 1, .p = 1}};
}

struct Member {
  std::string name, notes, bytes;
  friend bool operator==(const Member&, const Member&) = default;
};

inline std::string write_backup(const SealFor& whom, const std::vector<Member>& members) {
  StringSink sink;
  auto sealer = Sealer::begin(sink, whom);
  if (!sealer) return {};
  MemberWriter writer(**sealer);
  for (const Member& member : members) {
    if (!writer.put(member.name, member.notes, member.bytes)) return {};
  }
  if (!writer.finish() || !(*sealer)->finish()) return {};
  return sink.bytes;
}

// All members, or why not.
inline Result<std::vector<Member>> read_backup(std::string_view bytes, const OpenWith& with,
                                               std::size_t piece = SIZE_MAX) {
  StringSource source(bytes, piece);
  std::unique_ptr<Opener> opener = TRY(Opener::begin(source));
  TRY(opener->unlock(with));
  MemberReader reader(*opener);
  std::vector<Member> members;
  for (;;) {
    std::optional<MemberHead> head = TRY(reader.next());
    if (!head) return members;
    std::string all = TRY(reader.all(64 << 20));
    members.push_back({head->name, head->notes, std::move(all)});
  }
}

}  // namespace dokku::server::testing
