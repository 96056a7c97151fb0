// A backup file: whatever the bytes, they are read to an end or a sentence. The same file in pieces
// of another size gives the same.
#include "pieces.h"
#include "server/backup/manifest.h"
#include "server/backup/rows.h"
#include "tests/backups/strings.h"

namespace {

using namespace dokku;
using namespace dokku::server;

// Members, in words; the error, when there is one.
std::string story(std::string_view bytes, std::size_t piece) {
  testing::StringSource source(bytes, piece);
  auto opener = Opener::begin(source);
  if (!opener) return opener.error().message();
  // Trying a passphrase is what costs; locks are read whatever opens them.
  if (!(*opener)->unlock({})) return "sealed";
  MemberReader reader(**opener);
  std::string told;
  for (;;) {
    const auto head = reader.next();
    if (!head) return told + head.error().message();
    if (!*head) return told + "end";
    const auto all = reader.all(1 << 20);
    if (!all) return told + all.error().message();
    told += (*head)->name + "|" + (*head)->notes + "|" + *all + "\n";
    [[maybe_unused]] const auto manifest = parse_manifest(*all);
    RowReader rows([](const std::vector<std::string>&) { return Result<>(); },
                   [](const Row& row) {
                     fuzz::demand(row.size() <= kColumnsMax, "a row is too wide");
                     return Result<>();
                   });
    if (rows.feed(*all)) static_cast<void>(rows.end());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::text(data, size);
  const std::string whole = story(bytes, SIZE_MAX);
  fuzz::demand(story(bytes, 3) == whole, "pieces of three bytes read otherwise");
  return 0;
}
