// Guarded<T>: a value and its mutex in one. There is no way to the value without the lock.
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

namespace dokku {

template <class T>
class Guarded {
 public:
  template <class... Args>
  explicit Guarded(Args&&... args) : value_(std::forward<Args>(args)...) {}

  // Calls f(value) under the lock and returns what f returns. f must not call back into `with`.
  template <class F>
  decltype(auto) with(F&& f) {
    std::lock_guard hold(mutex_);
    return std::forward<F>(f)(value_);
  }

 private:
  std::mutex mutex_;
  T value_{};
};

}  // namespace dokku
