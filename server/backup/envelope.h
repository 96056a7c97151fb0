// The outside of a backup file: who may open it, and its bytes, sealed or in clear text.
//
//   8 bytes "DOKKUBAK", u16 version, u16 number of locks; each lock: u8 kind, u8 0, u16 length and
//   that many bytes; then the payload. All numbers little-endian.
//   No lock: the payload as it is. Else a random file key that each lock wraps:
//     1 passphrase: salt 16, log2 N, r, p, 0 (scrypt), wrapped key 48
//     2 recipient: ephemeral public key 32 (X25519 and HKDF-SHA256), wrapped key 48
//   and the payload in chunks of 64 KiB by AES-256-GCM under a key derived from the file key and
//   the digest of all bytes before the payload. Nonce: number of the chunk (11 bytes, big-endian)
//   and 1 for the last chunk, which may be shorter, else 0 (the STREAM construction, Hoang et al.
//   2015): chunks cannot be left out, repeated, reordered or cut off.
// Reading trusts no number: each has a limit. Threads: one. Errors: invalid_argument names what is
// wrong with the file; conflict: a newer format; permission_denied: no key of ours opens it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/backup/byte_stream.h"
#include "server/backup/cipher.h"

namespace dokku::server {

inline constexpr std::uint16_t kBackupVersion = 2;  // 2: hard links and attributes of volumes
inline constexpr std::size_t kChunkBytes = 64 << 10;
inline constexpr std::size_t kLocksMax = 16;
inline constexpr std::size_t kPassphraseBytesMax = 4096;

// For whom it is sealed; nothing: clear text.
struct SealFor {
  std::optional<std::string> passphrase = {};
  std::vector<SealKey> recipients = {};
  ScryptCost cost = {};  // tests take less
  bool nobody() const { return !passphrase && recipients.empty(); }
};

// With what it may be opened.
struct OpenWith {
  std::optional<std::string> passphrase = {};
  std::optional<SealKey> secret = {};
};

// Writes the beginning at once, then what it is given; nothing is whole before `finish`.
class Sealer final : public ByteSink {
 public:
  static Result<std::unique_ptr<Sealer>> begin(ByteSink& to, const SealFor& whom);
  Result<> write(std::string_view bytes) override;
  Result<> finish();

 private:
  explicit Sealer(ByteSink& to) : to_(to) {}
  Result<> put_chunk(std::string_view plain, bool last);

  ByteSink& to_;
  std::optional<Aead> aead_;
  std::uint64_t chunk_ = 0;
  std::string plain_;
  std::string sealed_;
};

// What a file says of itself before any key is there.
struct Envelope {
  bool by_passphrase = false;
  bool by_key = false;
  bool sealed() const { return by_passphrase || by_key; }
};

class Opener final : public ByteSource {
 public:
  // Reads the beginning. The source is borrowed.
  static Result<std::unique_ptr<Opener>> begin(ByteSource& from);
  const Envelope& envelope() const { return envelope_; }
  // Call once before reading. Nothing is needed for clear text.
  Result<> unlock(const OpenWith& with);
  // The payload; each chunk is whole and authentic before a byte of it is given out. At the end:
  // 0, after the source ended where the writer did.
  Result<std::size_t> read(char* into, std::size_t size) override;

 private:
  struct Lock {
    std::uint8_t kind = 0;
    std::string body;
  };
  explicit Opener(ByteSource& from) : from_(from) {}
  Result<> read_locks(unsigned count);
  Result<std::optional<SealKey>> try_lock(const Lock& lock, const OpenWith& with);
  Result<> next_chunk();

  ByteSource& from_;
  std::string head_;  // all bytes before the payload
  std::vector<Lock> locks_;
  Envelope envelope_;
  std::optional<Aead> aead_;
  std::uint64_t chunk_ = 0;
  std::string sealed_;  // this chunk's, and one byte of what follows it
  std::string plain_;
  std::size_t given_ = 0;  // of plain_
  bool ended_ = false;
};

}  // namespace dokku::server
