#include "server/model/volume.h"

#include <algorithm>
#include <array>

namespace dokku::server {
namespace {

constexpr std::size_t kPathBytesMax = 1024;
constexpr std::size_t kNameBytesMax = 255;

// What the container itself is made of.
constexpr std::array<std::string_view, 9> kReserved = {
    "/", "/proc", "/sys", "/dev", "/etc/hosts", "/etc/resolv.conf", "/.dokku", "/bin", "/usr"};

// Absolute, in its shortest form, printable.
bool is_clean_path(std::string_view path) {
  if (path.empty() || path.front() != '/' || path.size() > kPathBytesMax) return false;
  const bool printable = std::all_of(path.begin(), path.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != ',' && c != '\\';
  });
  const std::filesystem::path parsed(path);
  return printable && parsed.lexically_normal() == parsed && path.find("//") == path.npos;
}

bool is_reserved(std::string_view path) {
  return std::any_of(kReserved.begin(), kReserved.end(), [&](std::string_view one) {
    const bool below = one.size() > 1 && path.starts_with(one) && path.size() > one.size() &&
                       path[one.size()] == '/' && one != "/usr" && one != "/bin";
    return path == one || below;
  });
}

Fail invalid() {
  return fail(Errc::invalid_argument, "Storage path must be two valid paths divided by colon.");
}

std::string without_last_slash(std::string_view path) {
  if (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  return std::string(path);
}

}  // namespace

Result<StorageName> StorageName::parse(std::string_view text) {
  const bool valid = !text.empty() && text.size() <= kNameBytesMax &&
                     std::all_of(text.begin(), text.end(), [](char c) {
                       return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '_' || c == '-';
                     });
  if (valid) return StorageName(std::string(text));
  return fail(Errc::invalid_argument,
              "Directory can only contain the following set of characters: [A-Za-z0-9_-]");
}

Result<Volume> Volume::parse(std::string_view text) {
  const auto first = text.find(':');
  if (first == std::string_view::npos) return invalid();
  const auto second = std::min(text.find(':', first + 1), text.size());
  Volume volume;
  volume.host = std::string(text.substr(0, first));
  volume.container = without_last_slash(text.substr(first + 1, second - first - 1));
  if (second < text.size()) volume.options = std::string(text.substr(second + 1));
  volume.read_only = volume.options == "ro";
  if (volume.is_name() ? !StorageName::parse(volume.host) : !is_clean_path(volume.host)) {
    return invalid();
  }
  const bool options_fine = second == text.size() || volume.options == "ro" ||
                            volume.options == "rw";
  if (!is_clean_path(volume.container) || !options_fine) return invalid();
  if (is_reserved(volume.container)) {
    return fail(Errc::invalid_argument,
                "Storage cannot be mounted on " + volume.container + ": the container needs it");
  }
  return volume;
}

std::string Volume::str() const {
  return host + ":" + container + (options.empty() ? "" : ":" + options);
}

std::string storage_folder(const Volume& volume, const std::filesystem::path& storage_dir) {
  if (volume.is_name()) return volume.host;
  const std::filesystem::path path(without_last_slash(volume.host));
  if (path.parent_path() != storage_dir) return {};
  const std::string name = path.filename().string();
  return StorageName::parse(name) ? name : std::string();
}

std::filesystem::path host_path(const Volume& volume, const std::filesystem::path& storage_dir) {
  if (volume.is_name()) return storage_dir / volume.host;
  return without_last_slash(volume.host);
}

std::vector<Volume> parse_volumes(std::string_view lines) {
  std::vector<Volume> out;
  while (!lines.empty()) {
    const auto end = std::min(lines.find('\n'), lines.size());
    Result<Volume> volume = Volume::parse(lines.substr(0, end));
    if (volume) out.push_back(*std::move(volume));
    lines.remove_prefix(std::min(end + 1, lines.size()));
  }
  return out;
}

std::string write_volumes(const std::vector<Volume>& volumes) {
  std::string out;
  for (const Volume& volume : volumes) out += volume.str() + "\n";
  return out;
}

}  // namespace dokku::server
