// One function per topic, each in the file of its name; registry.cc calls them all.
#pragma once

namespace dokku::cli {

class Registry;

void add_app_json_commands(Registry& registry);
void add_apps_commands(Registry& registry);
void add_apps_rename_commands(Registry& registry);
void add_backup_commands(Registry& registry);
void add_builder_commands(Registry& registry);
void add_buildpacks_commands(Registry& registry);
void add_builds_commands(Registry& registry);
void add_call_outcome_commands(Registry& registry);
void add_certs_commands(Registry& registry);
void add_checks_commands(Registry& registry);
void add_complete_commands(Registry& registry);
void add_config_commands(Registry& registry);
void add_config_history_commands(Registry& registry);
void add_disk_commands(Registry& registry);
void add_doctor_commands(Registry& registry);
void add_domains_commands(Registry& registry);
void add_enter_commands(Registry& registry);
void add_events_commands(Registry& registry);
void add_git_commands(Registry& registry);
void add_git_push_commands(Registry& registry);
void add_keys_commands(Registry& registry);
void add_logs_commands(Registry& registry);
void add_nginx_commands(Registry& registry);
void add_old_forms(Registry& registry);  // the last
void add_platform_logs_commands(Registry& registry);
void add_ports_commands(Registry& registry);
void add_proxy_commands(Registry& registry);
void add_ps_commands(Registry& registry);
void add_releases_commands(Registry& registry);
void add_repo_commands(Registry& registry);
void add_report_commands(Registry& registry);
void add_resource_commands(Registry& registry);
void add_run_commands(Registry& registry);
void add_run_containers_commands(Registry& registry);
void add_sshcommand_commands(Registry& registry);
void add_storage_commands(Registry& registry);
void add_trace_commands(Registry& registry);
void add_upgrade_commands(Registry& registry);
void add_url_commands(Registry& registry);

}  // namespace dokku::cli
