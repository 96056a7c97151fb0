#include "buildstep/buildpack/trash.h"

#include <stdio.h>
#include <unistd.h>

#include <string>
#include <utility>

namespace dokku::buildstep {

namespace fs = std::filesystem;

Trash::Trash(fs::path directory) : directory_(std::move(directory)), thread_([this] { work(); }) {}

Trash::~Trash() {
  {
    const std::lock_guard hold(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
  std::error_code ignored;
  fs::remove(directory_, ignored);  // only when it is empty
}

void Trash::take(const fs::path& path) {
  std::error_code ignored;
  fs::create_directories(directory_, ignored);
  fs::path aside;
  {
    const std::lock_guard hold(mutex_);
    aside = directory_ / (std::to_string(::getpid()) + "." + std::to_string(++number_));
  }
  if (::rename(path.c_str(), aside.c_str()) < 0) {
    fs::remove_all(path, ignored);
    return;
  }
  enqueue(std::move(aside));
}

void Trash::sweep() {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory_, ignored)) {
    enqueue(entry.path());
  }
}

void Trash::enqueue(fs::path path) {
  {
    const std::lock_guard hold(mutex_);
    waiting_.push_back(std::move(path));
  }
  changed_.notify_one();
}

void Trash::work() {
  std::unique_lock hold(mutex_);
  for (;;) {
    changed_.wait(hold, [this] { return ending_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const fs::path path = std::move(waiting_.front());
    waiting_.pop_front();
    hold.unlock();
    std::error_code ignored;
    fs::remove_all(path, ignored);
    hold.lock();
  }
}

}  // namespace dokku::buildstep
