// Chunked bodies by themselves; `next` and `next_all` agree as well.
#include "pieces.h"
#include "proxy/h1/body.h"

namespace {

using dokku::proxy::h1::BodyDecoder;
namespace http = dokku::proxy::http;

template <bool all>
std::string run(std::string_view bytes, std::size_t piece) {
  BodyDecoder body;
  body.start(http::Body::chunked, 0);
  std::string content;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    std::string in(bytes.substr(at, piece));
    while (!in.empty()) {
      const BodyDecoder::Step step = all ? body.next_all(in.data(), in.size()) : body.next(in);
      content += step.data;
      in.erase(0, step.consumed);
      if (step.status == BodyDecoder::Status::bad) return content + "\n<bad>";
      if (step.status == BodyDecoder::Status::done) {
        return content + "\n<end>" + std::string(body.trailers());
      }
    }
  }
  return content;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = dokku::fuzz::text(data, size);
  dokku::fuzz::same_in_pieces(bytes, run<true>);
  dokku::fuzz::demand(run<true>(bytes, size + 1) == run<false>(bytes, size + 1),
                      "next and next_all differ");
  return 0;
}
