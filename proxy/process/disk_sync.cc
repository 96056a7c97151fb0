#include "proxy/process/disk_sync.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/io.h"
#include "base/log.h"

namespace dokku::proxy::process {
namespace {

Result<> sync(const std::filesystem::path& path, int flags) {
  const UniqueFd file = TRY(open_file(path, flags));
  if (::fsync(file.get()) < 0) return fail_syscall("fsync " + path.string(), errno);
  return {};
}

}  // namespace

DiskSync::DiskSync(std::filesystem::path file)
    : file_(std::move(file)), thread_([this] { run(); }) {}

DiskSync::~DiskSync() {
  {
    const std::lock_guard hold(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void DiskSync::ask() {
  {
    const std::lock_guard hold(mutex_);
    asked_ = true;
  }
  changed_.notify_one();
}

void DiskSync::run() {
  std::unique_lock hold(mutex_);
  for (;;) {
    changed_.wait(hold, [this] { return asked_ || ending_; });
    if (!std::exchange(asked_, false)) return;
    hold.unlock();
    const Result<> file = sync(file_, O_RDONLY);
    const Result<> name = sync(file_.parent_path(), O_RDONLY | O_DIRECTORY);
    for (const Result<>* each : {&file, &name}) {
      if (!*each) log::error("the snapshot is not on disk: " + each->error().message());
    }
    hold.lock();
  }
}

}  // namespace dokku::proxy::process
