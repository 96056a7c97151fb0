#include "cli/session/job_pool.h"

#include <iterator>
#include <utility>

namespace dokku::cli {

JobPool::~JobPool() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  work_there_.notify_all();
  work_done_.wait(lock, [&] { return threads_ == 0; });
  join_ended(lock);
}

bool JobPool::post(Job job) {
  std::unique_lock lock(mutex_);
  if (waiting_.size() >= limits_.waiting_max) return false;
  add(std::move(job), lock);
  return true;
}

void JobPool::post_always(Job job) {
  std::unique_lock lock(mutex_);
  add(std::move(job), lock);
}

bool JobPool::wait_until_idle(Duration limit) {
  std::unique_lock lock(mutex_);
  return work_done_.wait_for(lock, limit, [&] { return waiting_.empty() && idle_ == threads_; });
}

void JobPool::add(Job job, std::unique_lock<std::mutex>& lock) {
  join_ended(lock);
  waiting_.push_back(std::move(job));
  if (idle_ >= waiting_.size() || threads_ >= limits_.threads_max) {
    work_there_.notify_one();
    return;
  }
  ++threads_;
  Worker& worker = workers_.emplace_back();
  worker.thread = std::thread([this, &worker] { work(worker); });
}

void JobPool::work(Worker& self) {
  std::unique_lock lock(mutex_);
  for (;;) {
    ++idle_;
    work_done_.notify_all();
    const bool woken = work_there_.wait_for(lock, limits_.idle,
                                            [&] { return stopping_ || !waiting_.empty(); });
    --idle_;
    if (waiting_.empty() && (stopping_ || !woken)) break;
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
  }
  self.ended = true;
  --threads_;
  work_done_.notify_all();
}

// A thread that says it ended has nothing left to do but to unlock and return.
void JobPool::join_ended(std::unique_lock<std::mutex>& lock) {
  std::list<Worker> ended;
  for (auto worker = workers_.begin(); worker != workers_.end();) {
    const auto next = std::next(worker);
    if (worker->ended) ended.splice(ended.end(), workers_, worker);
    worker = next;
  }
  if (ended.empty()) return;
  lock.unlock();
  for (Worker& worker : ended) worker.thread.join();
  lock.lock();
}

}  // namespace dokku::cli
