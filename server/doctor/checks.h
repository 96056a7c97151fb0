// The checks of doctor.cc, one file per kind. Internal to this folder.
#pragma once

#include "server/doctor/doctor.h"

namespace dokku::server {

// check_runtime.cc
Findings check_containerd(const DoctorParts& parts);
Findings check_kernel(const DoctorParts& parts);
// check_network.cc
Findings check_network(const DoctorParts& parts);
Findings check_names(const DoctorParts& parts);
Findings check_ports(const DoctorParts& parts);
// check_domains.cc
Findings check_domains(const DoctorParts& parts, const DoctorScope& scope);
// check_room.cc
Findings check_disk(const DoctorParts& parts);
Findings check_memory(const DoctorParts& parts);
// check_state.cc
Findings check_store(const DoctorParts& parts);
Findings check_keys(const DoctorParts& parts);
Findings check_clock(const DoctorParts& parts);
// check_leftovers.cc
Findings check_leftovers(const DoctorParts& parts);

// What starts dokkud anew, here.
std::string restart_command(const DoctorParts& parts);

}  // namespace dokku::server
