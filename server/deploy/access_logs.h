// The access and error logs that the proxy writes of an app: where they are, and what becomes of
// them when the app goes or gets another name.
//
// The proxy bounds each file (proxy/process/log_files.h) and makes one anew that was taken away.
// Threads: any. What cannot be moved or removed is logged.
#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "server/model/instance.h"

namespace dokku::server {

enum class AccessLogKind { access, error };

// The newest; older lines are in FILE.1 and so on.
std::filesystem::path access_log_file(const Instance& instance, const std::string& app,
                                      AccessLogKind kind);
void remove_access_logs(const Instance& instance, const std::string& app);
void move_access_logs(const Instance& instance, const std::string& from, const std::string& to);
// The names of all apps that have such files.
std::set<std::string> apps_with_access_logs(const Instance& instance);

}  // namespace dokku::server
