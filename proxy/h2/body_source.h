// BodySource: where a session gets the body of a message that it sends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dokku::proxy::h2 {

// What a stream has to send now.
struct Outgoing {
  std::size_t size = 0;       // bytes copied
  bool end = false;           // and they are the last
  std::string_view trailers;  // with end, as lines
};

class BodySource {
 public:
  // Copies at most `size` bytes of the stream's body. Nothing and no end: later (resume()).
  virtual Outgoing pull(std::int32_t stream, char* into, std::size_t size) = 0;

 protected:
  ~BodySource() = default;
};

}  // namespace dokku::proxy::h2
