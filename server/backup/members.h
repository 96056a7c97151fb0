// The inside of a backup: named members one after the other, each with its length and digest, and
// an end record over all of it.
//
//   member: u8 1, u16 length of name, u16 length of notes, name, notes;
//           pieces (u32 length 1…1 MiB, bytes), u32 0; u64 length of all pieces, SHA-256 of them
//   end:    u8 2, u64 number of members, SHA-256 of all bytes before this digest
// Numbers little-endian. `notes` are the member's own (a file's mode and owner). The length follows
// its bytes, since a file may grow while it is read. A reader believes nothing before the end
// record: until then all is staged.
// Pure over a stream. Threads: one. Errors: invalid_argument names member and fault.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/digest/sha256.h"
#include "server/backup/byte_stream.h"

namespace dokku::server {

inline constexpr std::size_t kPieceBytesMax = 1 << 20;
inline constexpr std::size_t kMemberNameMax = 8192;   // a path and what it is below
inline constexpr std::size_t kMemberNotesMax = 8192;  // a link's target
inline constexpr std::uint64_t kMembersMax = 50'000'000;

class MemberWriter {
 public:
  explicit MemberWriter(ByteSink& to) : to_(to) {}

  // CHECKs the lengths. One member at a time: begin, add…, end.
  Result<> begin(std::string_view name, std::string_view notes = {});
  Result<> add(std::string_view bytes);
  Result<> end();
  Result<> put(std::string_view name, std::string_view notes, std::string_view bytes);
  // The end record.
  Result<> finish();
  std::uint64_t bytes() const { return bytes_; }

 private:
  Result<> write(std::string_view bytes);

  ByteSink& to_;
  runtime::Sha256 whole_;
  runtime::Sha256 member_;
  std::uint64_t member_bytes_ = 0;
  std::uint64_t members_ = 0;
  std::uint64_t bytes_ = 0;
  bool open_ = false;
};

struct MemberHead {
  std::string name;
  std::string notes;
};

class MemberReader {
 public:
  explicit MemberReader(ByteSource& from) : from_(from) {}

  // None: the end record was there, whole and right, and nothing after it. The member before must
  // have been read to its end.
  Result<std::optional<MemberHead>> next();
  // The next bytes of the member, at most kPieceBytesMax; empty: its end, and it was right.
  Result<std::string_view> piece();
  // All of a small member. limit_exceeded.
  Result<std::string> all(std::size_t bytes_max);
  // To its end.
  Result<> skip();
  std::uint64_t bytes() const { return bytes_; }

 private:
  Result<std::string> exactly(std::size_t size);
  Result<> fill(std::size_t size);
  Result<> read_end();
  Fail wrong(std::string_view what) const;

  ByteSource& from_;
  runtime::Sha256 whole_;
  runtime::Sha256 member_;
  std::string name_;   // of the member that is read
  std::string piece_;  // the last that was read
  std::uint64_t member_bytes_ = 0;
  std::uint64_t members_ = 0;
  std::uint64_t bytes_ = 0;
  bool open_ = false;
};

}  // namespace dokku::server
