// What a websocket app sends, whole and in pieces: the frames end at the same places.
#include "pieces.h"
#include "proxy/ws/frame_walker.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dokku::fuzz::same_in_pieces(
      dokku::fuzz::text(data, size), [](std::string_view bytes, std::size_t piece) {
        dokku::proxy::ws::FrameWalker walker;
        for (std::size_t at = 0; at < bytes.size(); at += piece) {
          walker.feed(bytes.substr(at, piece));
        }
        return std::string(walker.may_add() ? "between" : "within");
      });
  return 0;
}
