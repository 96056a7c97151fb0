// What a person types to have the daemon back, on this machine.
#pragma once

#include <string>

namespace dokku::cli {

bool systemd_runs();  // as sd_booted(3) tells

// `verb`: "start", "restart". Where systemd runs it keeps the daemons, else dokku-supervise does
// (docs/operate.md).
std::string how_to(const std::string& verb, bool systemd = systemd_runs());

}  // namespace dokku::cli
