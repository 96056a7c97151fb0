// Probe: one attempt of a health check, under way.
//
// Does nothing but when its loop (check_loop.h) says that a descriptor is ready, so that one thread
// carries any number of them. Its destructor gives up.
#pragma once

#include <poll.h>

#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"

namespace dokku::server {

class Probe {
 public:
  virtual ~Probe() = default;
  // What it waits for now.
  virtual std::vector<pollfd> waits() const = 0;
  // Goes on as far as it can. Nothing: not over. Its error says what was expected and what came.
  virtual std::optional<Result<>> advance() = 0;
  // While it is not over, in words: "no answer". For the time limit.
  virtual const char* standing() const = 0;
};

// An attempt that could not even begin.
class FailedProbe final : public Probe {
 public:
  explicit FailedProbe(Error error) : error_(std::move(error)) {}
  std::vector<pollfd> waits() const override { return {}; }
  std::optional<Result<>> advance() override { return Result<>(Fail(error_)); }
  const char* standing() const override { return "not begun"; }

 private:
  Error error_;
};

}  // namespace dokku::server
