// Named: a string that was checked once, at the edge, and has its own type ever after.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace dokku {

// Derive as `class AppName : public Named<AppName>` and offer a static `parse`.
template <class Tag>
class Named {
 public:
  const std::string& str() const { return value_; }
  friend auto operator<=>(const Named&, const Named&) = default;

 protected:
  explicit Named(std::string value) : value_(std::move(value)) {}

 private:
  std::string value_;
};

}  // namespace dokku
