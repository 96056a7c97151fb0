#include "cli/commands/help.h"
#include "cli/commands/registry.h"
#include "cli/commands/setup.h"
#include "cli/commands/topics.h"

namespace dokku::cli {

void add_all_commands(Registry& registry) {
  add_app_json_commands(registry);
  add_apps_commands(registry);
  add_apps_rename_commands(registry);
  add_backup_commands(registry);
  add_builder_commands(registry);
  add_buildpacks_commands(registry);
  add_builds_commands(registry);
  add_call_outcome_commands(registry);
  add_certs_commands(registry);
  add_complete_commands(registry);
  add_checks_commands(registry);
  add_config_commands(registry);
  add_config_history_commands(registry);
  add_disk_commands(registry);
  add_doctor_commands(registry);
  add_domains_commands(registry);
  add_enter_commands(registry);
  add_events_commands(registry);
  add_git_commands(registry);
  add_git_push_commands(registry);
  add_help_commands(registry);
  add_keys_commands(registry);
  add_logs_commands(registry);
  add_nginx_commands(registry);
  add_platform_logs_commands(registry);
  add_ports_commands(registry);
  add_proxy_commands(registry);
  add_ps_commands(registry);
  add_releases_commands(registry);
  add_repo_commands(registry);
  add_report_commands(registry);
  add_resource_commands(registry);
  add_run_commands(registry);
  add_run_containers_commands(registry);
  add_storage_commands(registry);
  add_trace_commands(registry);
  add_upgrade_commands(registry);
  add_url_commands(registry);
  add_setup_commands(registry);
  add_sshcommand_commands(registry);
  add_old_forms(registry);
}

}  // namespace dokku::cli
