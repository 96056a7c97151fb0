// Answers of apps. The first byte says what was asked; the rest is what the app says.
#include "pieces.h"
#include "proxy/h1/body.h"
#include "proxy/h1/head.h"
#include "proxy/h1/write.h"

namespace {

using namespace dokku::proxy;

struct Asked {
  h1::AnswerTo to;
  std::string operator()(std::string_view bytes, std::size_t piece) const;
};

std::string Asked::operator()(std::string_view bytes, std::size_t piece) const {
  std::string events;
  std::string in;
  http::AnswerHead head;
  h1::HeadProgress progress;
  h1::BodyDecoder body;
  bool in_body = false;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    in += bytes.substr(at, piece);
    while (!in.empty()) {
      if (in_body) {
        const h1::BodyDecoder::Step step = body.next_all(in.data(), in.size());
        events += step.data;
        in.erase(0, step.consumed);
        if (step.status == h1::BodyDecoder::Status::bad) return events + "\n<bad body>";
        if (step.status == h1::BodyDecoder::Status::more) break;
        return events + "\n<end>" + std::string(body.trailers());
      }
      const h1::HeadResult result = h1::parse_answer(in, progress, to, head);
      if (result.refused()) return events + "\n<refused " + result.reason + ">";
      if (!result.done()) break;
      progress = {};
      std::string written;
      h1::append_answer(written, head, {head.body, head.keep_alive, false, "now"});
      events += "\n<head>" + written;
      in.erase(0, result.consumed);
      if (head.interim()) continue;
      body.start(head.body, head.length);
      in_body = !body.done();
      if (!in_body) return events + "\n<end>";
    }
  }
  return events;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const h1::AnswerTo to{(data[0] & 1) != 0 ? http::Method::head : http::Method::get,
                        (data[0] & 2) != 0};
  dokku::fuzz::same_in_pieces(dokku::fuzz::text(data + 1, size - 1), Asked{to});
  return 0;
}
