// A built tree as reproducible layers: the same tree twice gives the same digests.
//
// Entries sorted by name, fixed times, owner the app's user, modes kept without setuid and
// setgid, no extended attributes. The tree is a stranger's: it is read with …at() calls that follow
// no link, after everything that could still write to it has ended.
// Cut by folder, so that what seldom changes is stored once: runtime (.heroku, .apt), dependencies
// (node_modules, vendor/bundle), app (the rest).
// Threads: any. Errors: limit_exceeded, internal.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/api/images.h"

namespace dokku::buildstep {

// What is remembered of a layer, to spare writing the same one again.
struct KnownLayer {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  std::string digest;
};

inline constexpr std::int64_t kEntryTime = 946684800;  // 2000-01-01: zip, make and HTTP accept it

struct LayerOptions {
  // Of all entries of the app part. Servers make ETag and Last-Modified of time and size, so a tree
  // that changed wants another time; it may depend on nothing but content.
  std::int64_t app_time = kEntryTime;
  std::string prefix = "app";       // the folder in the image that the tree becomes
  std::uint32_t owner = 32767;      // user and group
  std::filesystem::path directory;  // where the layer files go: <directory>/<part>.tar
  // By part. A layer that looks like a known one is only hashed; when the digest agrees, its file
  // is not written and LayerFile.path stays empty.
  std::map<std::string, KnownLayer> known;
  std::uint64_t entries_max = 1'000'000;
};

struct Layer {
  std::string part;  // "runtime", "dependencies", "app"
  runtime::LayerFile file;
  KnownLayer known;
};

struct Layers {
  std::vector<Layer> layers;         // bottom first; empty parts are left out, "app" never
  std::vector<std::string> skipped;  // sockets, FIFOs and devices that the build left behind
};

// `tree`: a directory descriptor.
Result<Layers> write_layers(int tree, const LayerOptions& options);

}  // namespace dokku::buildstep
