#include "tests/runtime/containerd/layer_writer.h"

#include <archive.h>
#include <archive_entry.h>

#include "base/check.h"
#include "base/io.h"
#include "runtime/digest/sha256.h"
#include "tests/paths/paths.h"

namespace dokku::testing {
namespace {

void write_tar(const std::filesystem::path& at, const std::vector<TarEntry>& entries, bool zstd) {
  archive* tar = archive_write_new();
  archive_write_set_format_pax_restricted(tar);
  if (zstd) archive_write_add_filter_zstd(tar);
  CHECK(archive_write_open_filename(tar, at.c_str()) == ARCHIVE_OK);
  for (const TarEntry& from : entries) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, from.path.c_str());
    archive_entry_set_mode(
        entry, static_cast<__LA_MODE_T>((from.directory ? AE_IFDIR : AE_IFREG) | from.mode));
    archive_entry_set_size(entry, static_cast<la_int64_t>(from.content.size()));
    archive_entry_set_mtime(entry, 1, 0);
    CHECK(archive_write_header(tar, entry) == ARCHIVE_OK);
    archive_write_data(tar, from.content.data(), from.content.size());
    archive_entry_free(entry);
  }
  CHECK(archive_write_close(tar) == ARCHIVE_OK);
  archive_write_free(tar);
}

}  // namespace

runtime::LayerFile write_layer(const std::filesystem::path& at,
                               const std::vector<TarEntry>& entries, bool zstd) {
  write_tar(at, entries, false);
  const std::string diff_id = *runtime::sha256_of_file(at);
  if (zstd) write_tar(at, entries, true);
  const std::string digest = *runtime::sha256_of_file(at);
  return {at, *runtime::Digest::parse(digest), *runtime::Digest::parse(diff_id),
          std::filesystem::file_size(at), zstd};
}

std::vector<TarEntry> testbox_entries() {
  std::vector<TarEntry> entries;
  for (const char* directory : {"dev", "etc", "proc", "sys", "bound"}) {
    entries.push_back({directory, 0755, "", true});
  }
  entries.push_back({"tmp", 01777, "", true});
  entries.push_back({"testbox", 0755, *read_file(tests::binary_dir() / "testbox"), false});
  return entries;
}

}  // namespace dokku::testing
