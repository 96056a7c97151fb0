// JSON as commands print it: objects of strings, and lists of them, on one line.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace dokku::cli {

// Bytes that are not UTF-8 are replaced by U+FFFD.
std::string json_object(const std::map<std::string, std::string>& values);
std::string json_list(const std::vector<std::string>& values);
std::string json_objects(const std::vector<std::map<std::string, std::string>>& rows);

}  // namespace dokku::cli
