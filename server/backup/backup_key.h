// Key pairs for sealing backups, as text that people keep: server:backup-key makes one.
//
//   dokku-backup-public-<64 hex digits>-<8 hex digits>     may lie on the server: it only seals
//   dokku-backup-secret-<64 hex digits>-<8 hex digits>     opens; belongs elsewhere
// The last digits are a check of the others, so that a mistyped key is named as one.
#pragma once

#include <string>
#include <string_view>

#include "server/backup/cipher.h"

namespace dokku::server {

struct BackupKeyPair {
  std::string public_text;
  std::string secret_text;
};

Result<BackupKeyPair> make_backup_key();
// invalid_argument: not such a key, or the other half of one. Blanks around it are fine.
Result<SealKey> parse_public_key(std::string_view text);
// Also out of the file that server:backup-key prints: lines with '#' are comments.
Result<SealKey> parse_secret_key(std::string_view text);

}  // namespace dokku::server
