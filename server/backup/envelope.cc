#include "server/backup/envelope.h"

#include <algorithm>

#include "base/check.h"
#include "runtime/digest/sha256.h"
#include "server/backup/little_endian.h"

namespace dokku::server {
namespace {

constexpr std::string_view kMagic = "DOKKUBAK";
constexpr std::uint8_t kByPassphrase = 1;
constexpr std::uint8_t kByKey = 2;
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kWrappedBytes = kKeyBytes + kTagBytes;
constexpr std::size_t kPassphraseLock = kSaltBytes + 4 + kWrappedBytes;
constexpr std::size_t kKeyLock = kKeyBytes + kWrappedBytes;
constexpr std::string_view kRecipientInfo = "dokku backup recipient";
constexpr std::string_view kPayloadInfo = "dokku backup payload";
constexpr const char* kCut = "The backup is cut: its end is missing";

std::string nonce_of(std::uint64_t chunk, bool last) {
  std::string nonce(kNonceBytes, '\0');
  for (std::size_t i = 0; i < 8; ++i) {
    nonce[kNonceBytes - 2 - i] = static_cast<char>(chunk >> (8 * i));
  }
  nonce.back() = last ? 1 : 0;
  return nonce;
}

// A wrapping key is used once, so that its nonce may be fixed.
Result<std::string> wrap(const SealKey& with, const SealKey& key) {
  std::string sealed;
  TRY(Aead(with).seal(std::string(kNonceBytes, '\0'), key.view(), sealed));
  return sealed;
}

std::optional<SealKey> unwrap(const SealKey& with, std::string_view wrapped) {
  std::string plain;
  if (!Aead(with).open(std::string(kNonceBytes, '\0'), wrapped, plain)) return std::nullopt;
  return SealKey::of(plain);
}

Result<SealKey> payload_key(const SealKey& file_key, std::string_view head) {
  return hkdf(file_key.view(), runtime::sha256_of(head), kPayloadInfo);
}

std::string lock_of(std::uint8_t kind, const std::string& body) {
  std::string bytes;
  bytes += static_cast<char>(kind);
  bytes += '\0';
  put_number(bytes, static_cast<std::uint16_t>(body.size()));
  return bytes + body;
}

Result<std::string> passphrase_lock(const SealFor& whom, const SealKey& file_key) {
  const std::string salt = random_bytes(kSaltBytes);
  const SealKey wrapping = TRY(key_of_passphrase(*whom.passphrase, salt, whom.cost));
  const std::string wrapped = TRY(wrap(wrapping, file_key));
  std::string body = salt;
  for (const std::uint8_t each : {whom.cost.log2_n, whom.cost.r, whom.cost.p}) {
    body += static_cast<char>(each);
  }
  body += '\0';
  return lock_of(kByPassphrase, body + wrapped);
}

Result<std::string> recipient_lock(const SealKey& recipient, const SealKey& file_key) {
  const SealKey secret = SealKey::random();
  const SealKey ephemeral = TRY(public_of(secret));
  const SealKey shared = TRY(shared_secret(secret, recipient));
  const std::string salt = std::string(ephemeral.view()) + std::string(recipient.view());
  const SealKey wrapping = TRY(hkdf(shared.view(), salt, kRecipientInfo));
  const std::string wrapped = TRY(wrap(wrapping, file_key));
  return lock_of(kByKey, std::string(ephemeral.view()) + wrapped);
}

}  // namespace

// --- writing

Result<std::unique_ptr<Sealer>> Sealer::begin(ByteSink& to, const SealFor& whom) {
  std::unique_ptr<Sealer> sealer(new Sealer(to));
  const SealKey file_key = SealKey::random();
  std::vector<std::string> locks;
  if (whom.passphrase) {
    std::string lock = TRY(passphrase_lock(whom, file_key));
    locks.push_back(std::move(lock));
  }
  for (const SealKey& recipient : whom.recipients) {
    std::string lock = TRY(recipient_lock(recipient, file_key));
    locks.push_back(std::move(lock));
  }
  if (locks.size() > kLocksMax) return fail(Errc::limit_exceeded, "There are 16 keys at most");
  std::string head(kMagic);
  put_number(head, kBackupVersion);
  put_number(head, static_cast<std::uint16_t>(locks.size()));
  for (const std::string& lock : locks) head += lock;
  if (!locks.empty()) {
    const SealKey key = TRY(payload_key(file_key, head));
    sealer->aead_.emplace(key);
  }
  TRY(to.write(head));
  return sealer;
}

Result<> Sealer::write(std::string_view bytes) {
  if (!aead_) return to_.write(bytes);
  while (!bytes.empty()) {
    // Only what is followed by more is surely not the last.
    if (plain_.size() == kChunkBytes) {
      TRY(put_chunk(plain_, false));
      plain_.clear();
    }
    const std::string_view piece = bytes.substr(0, kChunkBytes - plain_.size());
    plain_ += piece;
    bytes.remove_prefix(piece.size());
  }
  return {};
}

Result<> Sealer::finish() {
  if (!aead_) return {};
  return put_chunk(plain_, true);
}

Result<> Sealer::put_chunk(std::string_view plain, bool last) {
  TRY(aead_->seal(nonce_of(chunk_++, last), plain, sealed_));
  return to_.write(sealed_);
}

// --- reading

Result<std::unique_ptr<Opener>> Opener::begin(ByteSource& from) {
  std::unique_ptr<Opener> opener(new Opener(from));
  std::string& head = opener->head_;
  head.resize(kMagic.size() + 4);
  const std::size_t got = TRY(read_full(from, head.data(), head.size()));
  if (got == 0) return fail(Errc::invalid_argument, "The backup is empty");
  if (std::string_view(head).substr(0, std::min(got, kMagic.size())) !=
      kMagic.substr(0, std::min(got, kMagic.size()))) {
    return fail(Errc::invalid_argument, "This is not a backup of dokku's");
  }
  if (got < head.size()) return fail(Errc::invalid_argument, kCut);
  const auto version = number_at<std::uint16_t>(head, kMagic.size());
  if (version > kBackupVersion) {
    return fail(Errc::conflict, "The backup has format " + std::to_string(version) +
                                    ", written by a newer version; this one knows format " +
                                    std::to_string(kBackupVersion) +
                                    "\nInstall the newer version first");
  }
  if (version == 0) return fail(Errc::invalid_argument, "The backup has no format of ours");
  TRY(opener->read_locks(number_at<std::uint16_t>(head, kMagic.size() + 2)));
  return opener;
}

Result<> Opener::read_locks(unsigned count) {
  if (count > kLocksMax) return fail(Errc::invalid_argument, "The backup has too many locks");
  for (unsigned i = 0; i < count; ++i) {
    std::string lead(4, '\0');
    const std::size_t got = TRY(read_full(from_, lead.data(), lead.size()));
    if (got < lead.size()) return fail(Errc::invalid_argument, kCut);
    Lock lock{static_cast<std::uint8_t>(lead[0]), {}};
    const auto length = number_at<std::uint16_t>(lead, 2);
    const std::size_t expected = lock.kind == kByPassphrase ? kPassphraseLock
                                 : lock.kind == kByKey      ? kKeyLock
                                                            : 0;
    if (length != expected || lead[1] != '\0') {
      return fail(Errc::invalid_argument, "The backup has a lock of no kind that is known here");
    }
    lock.body.resize(length);
    const std::size_t body = TRY(read_full(from_, lock.body.data(), length));
    if (body < length) return fail(Errc::invalid_argument, kCut);
    envelope_.by_passphrase |= lock.kind == kByPassphrase;
    envelope_.by_key |= lock.kind == kByKey;
    head_ += lead + lock.body;
    locks_.push_back(std::move(lock));
  }
  return {};
}

Result<std::optional<SealKey>> Opener::try_lock(const Lock& lock, const OpenWith& with) {
  const std::string_view body = lock.body;
  if (lock.kind == kByPassphrase && with.passphrase) {
    const ScryptCost cost{static_cast<std::uint8_t>(body[kSaltBytes]),
                          static_cast<std::uint8_t>(body[kSaltBytes + 1]),
                          static_cast<std::uint8_t>(body[kSaltBytes + 2])};
    const SealKey key = TRY(key_of_passphrase(*with.passphrase, body.substr(0, kSaltBytes), cost));
    return unwrap(key, body.substr(kSaltBytes + 4));
  }
  if (lock.kind == kByKey && with.secret) {
    const SealKey ephemeral = SealKey::of(body.substr(0, kKeyBytes));
    const SealKey own = TRY(public_of(*with.secret));
    const SealKey shared = TRY(shared_secret(*with.secret, ephemeral));
    const std::string salt = std::string(ephemeral.view()) + std::string(own.view());
    const SealKey key = TRY(hkdf(shared.view(), salt, kRecipientInfo));
    return unwrap(key, body.substr(kKeyBytes));
  }
  return std::optional<SealKey>();
}

Result<> Opener::unlock(const OpenWith& with) {
  if (locks_.empty()) return {};
  for (const Lock& lock : locks_) {
    const std::optional<SealKey> file_key = TRY(try_lock(lock, with));
    if (!file_key) continue;
    const SealKey key = TRY(payload_key(*file_key, head_));
    aead_.emplace(key);
    sealed_.reserve(kChunkBytes + kTagBytes + 1);
    return {};
  }
  const bool tried =
      (with.passphrase && envelope_.by_passphrase) || (with.secret && envelope_.by_key);
  if (tried) {
    return fail(Errc::permission_denied, with.secret ? "This key does not open the backup"
                                                     : "This passphrase does not open the backup");
  }
  return fail(Errc::permission_denied, envelope_.by_passphrase
                                           ? "The backup is sealed: it needs its passphrase"
                                           : "The backup is sealed: it needs its secret key");
}

Result<std::size_t> Opener::read(char* into, std::size_t size) {
  if (locks_.empty()) return from_.read(into, size);
  CHECK(aead_.has_value());
  while (given_ == plain_.size()) {
    if (ended_) return 0;
    TRY(next_chunk());
  }
  const std::size_t piece = std::min(size, plain_.size() - given_);
  std::copy_n(plain_.data() + given_, piece, into);
  given_ += piece;
  return piece;
}

// A chunk is the last when nothing follows it, so one byte more is read than it has.
Result<> Opener::next_chunk() {
  constexpr std::size_t kWhole = kChunkBytes + kTagBytes;
  const std::size_t had = sealed_.size();
  sealed_.resize(kWhole + 1);
  const std::size_t got = TRY(read_full(from_, sealed_.data() + had, sealed_.size() - had));
  sealed_.resize(had + got);
  const bool last = sealed_.size() <= kWhole;
  const std::string_view chunk = std::string_view(sealed_).substr(0, kWhole);
  const Result<> opened = aead_->open(nonce_of(chunk_, last), chunk, plain_);
  if (!opened) {
    // An inner chunk at the end of the file: what came after it is missing.
    const bool cut = last && aead_->open(nonce_of(chunk_, false), chunk, plain_);
    plain_.clear();
    if (cut || chunk.size() < kTagBytes) return fail(Errc::invalid_argument, kCut);
    return fail(Errc::invalid_argument, "The backup was changed or cut after byte " +
                                            std::to_string(head_.size() + chunk_ * kWhole));
  }
  ++chunk_;
  given_ = 0;
  ended_ = last;
  sealed_.erase(0, chunk.size());
  return {};
}

}  // namespace dokku::server
