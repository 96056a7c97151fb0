#include "tests/paths/paths.h"

namespace dokku::tests {

std::filesystem::path source_dir() { return DOKKU_SOURCE_DIR; }

std::filesystem::path data_dir() { return source_dir() / "tests/data"; }

std::filesystem::path binary_dir() { return DOKKU_BINARY_DIR; }

}  // namespace dokku::tests
