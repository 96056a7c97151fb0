#include "buildstep/stack/layer_file.h"

#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/io.h"

namespace dokku::buildstep {

using nlohmann::json;

Result<> write_layer_note(const std::filesystem::path& directory, const std::string& name,
                          const runtime::LayerFile& layer,
                          const std::vector<std::string>& packages) {
  const json note{{"digest", layer.digest.str()},
                  {"diff_id", layer.diff_id.str()},
                  {"size_bytes", layer.size_bytes},
                  {"packages", packages}};
  return write_file_atomically(directory / (name + ".json"), note.dump(2) + "\n", 0644);
}

Result<runtime::LayerFile> read_layer_note(const std::filesystem::path& directory,
                                           const std::string& name,
                                           const std::vector<std::string>& packages) {
  const std::string text = TRY(read_file(directory / (name + ".json"), 1 << 20));
  const json note = json::parse(text, nullptr, false);
  const Fail missing = fail(Errc::not_found, name + " is not prepared");
  if (!note.is_object() || !note.contains("digest") || !note["digest"].is_string() ||
      !note.contains("diff_id") || !note["diff_id"].is_string() || !note.contains("size_bytes") ||
      !note["size_bytes"].is_number_unsigned() ||
      note.value("packages", json()) != json(packages)) {
    return missing;
  }
  const runtime::Digest digest = TRY(runtime::Digest::parse(note["digest"].get<std::string>()));
  const runtime::Digest diff_id = TRY(runtime::Digest::parse(note["diff_id"].get<std::string>()));
  return runtime::LayerFile{directory / (name + ".tar.zst"), digest, diff_id,
                            note["size_bytes"].get<std::uint64_t>(), true};
}

}  // namespace dokku::buildstep
