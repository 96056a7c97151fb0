// Where tests find the checkout and the build, and nothing else compiles these paths in: objects
// that carry no absolute path are shared by all checkouts through the compiler cache.
#pragma once

#include <filesystem>

namespace dokku::tests {

std::filesystem::path source_dir();  // the checkout
std::filesystem::path data_dir();    // tests/data in it
std::filesystem::path binary_dir();  // the build: programs are in bin/, helpers of tests beside it

}  // namespace dokku::tests
