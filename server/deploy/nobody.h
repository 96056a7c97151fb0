// Nobody: the Progress of what the daemon does by itself, with no person to tell.
#pragma once

#include <utility>

#include "server/model/progress.h"

namespace dokku::server {

class Nobody final : public Progress {
 public:
  explicit Nobody(CancelToken cancel) : cancel_(std::move(cancel)) {}
  void step(std::string_view) override {}
  void title(std::string_view) override {}
  void detail(std::string_view) override {}
  void warn(std::string_view) override {}
  void line(std::string_view) override {}
  const CancelToken& cancel() const override { return cancel_; }

 private:
  CancelToken cancel_;
};

}  // namespace dokku::server
