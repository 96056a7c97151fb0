// Registry: owns the live objects of one kind; adding, finding and giving up one take no search.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace dokku::proxy::session {

// T has a public member `std::uint32_t registry_index`.
template <class T>
class Registry {
 public:
  T& add(std::unique_ptr<T> object) {
    object->registry_index = static_cast<std::uint32_t>(all_.size());
    all_.push_back(std::move(object));
    return *all_.back();
  }
  std::unique_ptr<T> take(T& object) {
    const std::uint32_t index = object.registry_index;
    std::unique_ptr<T> taken = std::move(all_[index]);
    if (index + 1 != all_.size()) {
      all_[index] = std::move(all_.back());
      all_[index]->registry_index = index;
    }
    all_.pop_back();
    return taken;
  }
  std::size_t size() const { return all_.size(); }
  T& operator[](std::size_t index) { return *all_[index]; }

 private:
  std::vector<std::unique_ptr<T>> all_;
};

}  // namespace dokku::proxy::session
