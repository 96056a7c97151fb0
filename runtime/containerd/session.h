// What containers and images share: one connection and the parts that speak over it.
//
// Internal to this folder. Kept alive by whoever uses it.
#pragma once

#include <memory>
#include <string>

#include "runtime/api/containers.h"
#include "runtime/api/images.h"
#include "runtime/containerd/cgroup.h"
#include "runtime/containerd/channel.h"
#include "runtime/containerd/connect.h"
#include "runtime/containerd/content.h"
#include "runtime/containerd/events.h"
#include "runtime/containerd/image_names.h"
#include "runtime/containerd/records.h"
#include "runtime/containerd/snapshots.h"
#include "runtime/containerd/tasks.h"
#include "runtime/containerd/unpacked.h"

namespace dokku::runtime {

struct Session {
  explicit Session(const ContainerdOptions& from)
      : options(from),
        channel(from.socket, from.containerd_namespace),
        cgroups(from.cgroup_parent),
        content(channel),
        snapshots(channel, from.snapshotter),
        image_names(channel),
        unpacked(content),
        records(channel),
        tasks(channel) {}

  const ContainerdOptions options;
  Channel channel;
  Cgroups cgroups;
  Content content;
  Snapshots snapshots;
  ImageNames image_names;
  Unpacked unpacked;
  Records records;
  Tasks tasks;
};

std::unique_ptr<Containers> make_containers(std::shared_ptr<Session> session);
std::unique_ptr<Images> make_images(std::shared_ptr<Session> session);

}  // namespace dokku::runtime
