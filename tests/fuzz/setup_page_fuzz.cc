// The set-up page: whatever a browser sends, it gets a page, and nothing that it sent is markup or
// comes to the daemon in more than its five fields.
#include <algorithm>

#include "pieces.h"
#include "server/setup_page/site.h"

namespace {

using namespace dokku;
using namespace dokku::server;

std::size_t count(std::string_view text, char c) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), c));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string body(fuzz::text(data, size));
  Site site([](const SetupQuestion& question) -> Result<SetupReply> {
    const auto decoded = decode_setup_question(encode(question));
    fuzz::demand(decoded && *decoded == question, "a question is understood otherwise");
    return SetupReply{.kind = SetupReply::Kind::refused, .message = question.keys};
  });
  const std::string target = "/setup/0123456789abcdef0123456789abcdef";
  static const std::size_t empty =
      count(Site([](const SetupQuestion&) -> Result<SetupReply> {
              return SetupReply{.kind = SetupReply::Kind::refused};
            })
                .answer({"POST", target, "h", "c", "way=ip&keys=&domain=&address="}, {})
                .page,
            '<');
  const WebAnswer form = site.answer({"POST", target, "h", "c", body}, {});
  fuzz::demand(!form.page.empty(), "no page");
  // The sentence of a complaint is four tags and, with a second line, two more.
  if (form.status == 422) {
    fuzz::demand(count(form.page, '<') <= empty + 8, "what was typed became markup");
  }
  const WebAnswer other = site.answer({"GET", body, body, body, body}, {});
  fuzz::demand(!http_bytes(other, true).empty(), "no answer");
  return 0;
}
