// The names that containers, images and networks go by, checked once at the edge.
#pragma once

#include <string>
#include <string_view>

#include "base/named.h"
#include "base/result.h"

namespace dokku::runtime {

// Container, task and snapshot key at once. Letters and digits with single '.', '_', '-' between,
// at most 76 characters (containerd's identifier rule). Good: "blog.web.1.r12".
class ContainerId : public Named<ContainerId> {
 public:
  static Result<ContainerId> parse(std::string_view text);

 private:
  using Named::Named;
};

// "sha256:" and 64 lower-case hex digits.
class Digest : public Named<Digest> {
 public:
  static Result<Digest> parse(std::string_view text);

 private:
  using Named::Named;
};

// Free text without control characters or spaces, not empty, at most 256 bytes:
// "dokku/blog:r12", "dokku/stack/run:4".
class ImageRef : public Named<ImageRef> {
 public:
  static Result<ImageRef> parse(std::string_view text);

 private:
  using Named::Named;
};

}  // namespace dokku::runtime
