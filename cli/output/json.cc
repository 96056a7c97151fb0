#include "cli/output/json.h"

#include <nlohmann/json.hpp>

namespace dokku::cli {
namespace {

using Json = nlohmann::json;

std::string text_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string json_object(const std::map<std::string, std::string>& values) {
  return text_of(Json(values));
}

std::string json_list(const std::vector<std::string>& values) { return text_of(Json(values)); }

std::string json_objects(const std::vector<std::map<std::string, std::string>>& rows) {
  return text_of(Json(rows));
}

}  // namespace dokku::cli
