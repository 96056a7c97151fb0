// What no app owns: containers, networks, cgroups, files.
//
// While something is being deployed parts of it are in neither list yet; what belongs to an app
// that the store knows is looked at only when its container is not one that is supervised.
#include <unistd.h>

#include "server/doctor/checks.h"
#include "server/supervise/instance_id.h"

namespace dokku::server {
namespace {

constexpr std::size_t kNamed = 3;

struct Known {
  std::set<std::string> apps;
  std::set<std::string> supervised;  // container ids
};

std::string some_of(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < kNamed; ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  return names.size() > kNamed ? text + ", …" : text;
}

void report(const char* what, const std::vector<std::string>& names, Findings& found) {
  if (names.empty()) return;
  found.push_back(
      wrong("left-overs",
            std::to_string(names.size()) + " " + what + " that no app owns: " + some_of(names),
            "dokku doctor:mend"));
}

// "blog.web.1.r3" -> "blog.web.1": apps' names have points, so that the rest is asked backwards.
bool belongs_to(const std::string& id, const std::set<std::string>& apps) {
  for (std::size_t at = id.find('.'); at != std::string::npos; at = id.find('.', at + 1)) {
    if (apps.contains(id.substr(0, at))) return true;
  }
  return apps.contains(id);
}

// "build.blog.b7" is of blog, as long as it is there.
std::string owner_part(const std::string& id) {
  return id.starts_with("build.") ? id.substr(6) : id;
}

bool is_stray(const runtime::Seen& seen, const Known& known) {
  const auto key = instance_of(seen.labels);
  if (!key) return !belongs_to(owner_part(seen.id.str()), known.apps);
  return !known.apps.contains(key->app) ||
         (!known.supervised.contains(seen.id.str()) && seen.state != runtime::Seen::State::created);
}

std::vector<std::string> stray_names(const std::vector<std::string>& names,
                                     const std::set<std::string>& apps, const std::string& ending) {
  std::vector<std::string> stray;
  for (const std::string& name : names) {
    if (!name.ends_with(ending)) continue;
    if (!apps.contains(name.substr(0, name.size() - ending.size()))) stray.push_back(name);
  }
  return stray;
}

std::vector<std::string> stray_folders(const DoctorParts& parts, const Known& known) {
  const Instance& instance = parts.instance;
  std::vector<std::string> stray;
  const auto add = [&](const std::filesystem::path& folder, const std::string& ending) {
    for (const auto& name : stray_names(parts.host->names_in(folder), known.apps, ending)) {
      stray.push_back((folder / name).string());
    }
  };
  add(instance.sources_dir(), "");
  add(instance.cache_dir() / "apps", "");
  add(instance.logs_dir(), "");
  add(instance.git_dir(), ".git");
  return stray;
}

// Groups of containers that are gone: the kernel keeps them until somebody removes them.
std::vector<std::string> stray_cgroups(const DoctorParts& parts, const Known& known) {
  std::vector<std::string> stray;
  const std::string parent = parts.instance.cgroup_parent();
  for (const char* mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/memory"}) {
    const std::string home = mount + parent;
    for (const std::string& name : parts.host->names_in(home)) {
      const auto processes = parts.host->read(home + "/" + name + "/cgroup.procs");
      const bool empty_group = processes && processes->empty();
      if (empty_group && !belongs_to(owner_part(name), known.apps)) {
        stray.push_back(home + "/" + name);
      }
    }
  }
  return stray;
}

struct Leftovers {
  std::vector<std::string> containers, networks, cgroups, folders;
};

// Fails when containers or apps cannot be listed: their own checks say why.
Result<Leftovers> find_leftovers(const DoctorParts& parts) {
  Known known;
  const auto learn = [&] {
    for (const InstanceSeen& one : parts.executor->instances("")) {
      known.supervised.insert(one.container);
    }
  };
  // Before and after the list: what starts or ends meanwhile is in one of both.
  learn();
  const std::vector<runtime::Seen> containers = TRY(parts.containers->list({}));
  const std::vector<runtime::Endpoint> endpoints = TRY(parts.networks->list());
  learn();
  const std::vector<App> apps = TRY(parts.store.read([](ReadTx& tx) { return list_apps(tx); }));
  for (const App& app : apps) known.apps.insert(app.name.str());
  Leftovers found;
  std::set<std::string> ids;
  for (const runtime::Seen& seen : containers) {
    ids.insert(seen.id.str());
    if (is_stray(seen, known)) found.containers.push_back(seen.id.str());
  }
  for (const runtime::Endpoint& endpoint : endpoints) {
    const std::string& id = endpoint.id.str();
    if (!ids.contains(id) && !belongs_to(owner_part(id), known.apps)) found.networks.push_back(id);
  }
  found.folders = stray_folders(parts, known);
  found.cgroups = stray_cgroups(parts, known);
  return found;
}

bool has_parts(const DoctorParts& parts) {
  return parts.host != nullptr && parts.executor != nullptr && parts.containers != nullptr &&
         parts.networks != nullptr;
}

}  // namespace

Findings check_leftovers(const DoctorParts& parts) {
  if (!has_parts(parts)) return {};
  const Result<Leftovers> left = find_leftovers(parts);
  if (!left) return {};
  Findings found;
  report("containers", left->containers, found);
  report("networks", left->networks, found);
  report("cgroups", left->cgroups, found);
  report("folders", left->folders, found);
  if (!found.empty()) return found;
  return {good("left-overs", "there are none")};
}

Result<> remove_leftovers(const DoctorParts& parts) {
  if (!has_parts(parts)) return {};
  const Leftovers left = TRY(find_leftovers(parts));
  for (const std::string& name : left.containers) {
    const runtime::ContainerId id = TRY(runtime::ContainerId::parse(name));
    TRY(parts.containers->remove(id));
    TRY(parts.networks->detach(id));
  }
  for (const std::string& name : left.networks) {
    const runtime::ContainerId id = TRY(runtime::ContainerId::parse(name));
    TRY(parts.networks->detach(id));
  }
  // An empty group is removed as a folder; one that is in use again refuses.
  for (const std::string& group : left.cgroups) ::rmdir(group.c_str());
  return {};
}

}  // namespace dokku::server
