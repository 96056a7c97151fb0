// Requests: heads and bodies, one behind the other, as a connection reads them. What is accepted
// and written anew is accepted again, and means the same.
#include "pieces.h"
#include "proxy/h1/body.h"
#include "proxy/h1/head.h"
#include "proxy/h1/write.h"

namespace {

using namespace dokku::proxy;
using dokku::fuzz::demand;

std::string describe(const http::RequestHead& head) {
  std::string out;
  h1::append_request(out, head, {});
  return out;
}

void check_again(const http::RequestHead& head) {
  if (head.minor == 0 || head.max_forwards >= 0) return;
  const std::string once = describe(head);
  http::RequestHead again;
  h1::HeadProgress progress;
  const h1::HeadResult result = h1::parse_request(once, progress, again, {1 << 20, 110, 64});
  demand(result.done() && result.consumed == once.size(), "what we write is refused", once,
         result.reason == nullptr ? "" : result.reason);
  demand(again.method == head.method && again.body == head.body && again.length == head.length,
         "what we write means something else", once);
  for (const http::Field& field : again.fields) {
    demand(field.name.find('_') == field.name.npos, "an underscore got through", once);
  }
}

// What a connection would do with the bytes; `in` grows by pieces.
std::string run(std::string_view bytes, std::size_t piece) {
  std::string events;
  std::string in;
  http::RequestHead head;
  h1::HeadProgress progress;
  h1::BodyDecoder body;
  bool in_body = false;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    in += bytes.substr(at, piece);
    for (bool more = true; more && !in.empty();) {
      if (in_body) {
        const h1::BodyDecoder::Step step = body.next_all(in.data(), in.size());
        events += step.data;
        in.erase(0, step.consumed);
        if (step.status == h1::BodyDecoder::Status::bad) return events + "\n<bad body>";
        more = in_body = step.status == h1::BodyDecoder::Status::more;
        if (!in_body) events += "\n<end>" + std::string(body.trailers());
        more = !in_body;
        continue;
      }
      const h1::HeadResult result = h1::parse_request(in, progress, head);
      if (result.refused()) {
        return events + "\n<refused " + std::to_string(result.status) + result.reason + ">";
      }
      if (!result.done()) break;
      progress = {};
      events += "\n<head>" + describe(head);
      check_again(head);
      body.start(head.body, head.length);
      in_body = !body.done();
      in.erase(0, result.consumed);
    }
  }
  return events;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dokku::fuzz::same_in_pieces(dokku::fuzz::text(data, size), run);
  return 0;
}
