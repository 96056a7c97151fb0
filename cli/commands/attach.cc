#include "cli/commands/attach.h"

#include <sstream>
#include <utility>

#include "base/log.h"

namespace dokku::cli {
namespace {

// The process may have ended meanwhile, which its exit status tells.
void note(const Result<>& done) {
  if (!done) log::info("one-off process: " + done.error().message());
}

// As Printer marks complaints. The person's terminal is still in the process's hands: no line feed
// takes the cursor back by itself.
std::string marked(const std::string& text, bool terminal) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    out += (terminal ? "\r !     " : " !     ") + line + (terminal ? "\r\n" : "\n");
  }
  return out;
}

}  // namespace

bool wants_terminal(const Session& session, bool forced, bool refused) {
  if (forced || refused) return forced;
  return session.terminal().stdin_is_terminal && session.terminal().stdout_is_terminal;
}

Result<int> hand_over(Session& session, std::unique_ptr<server::OneOff> process, HandOver how) {
  // Owned by the attachment's functions, which live until the client has hung up.
  const std::shared_ptr<server::OneOff> shared = std::move(process);
  server::Streams streams = shared->take_streams();
  Attachment attachment;
  attachment.in = std::move(streams.in);
  attachment.out = std::move(streams.out);
  attachment.err = std::move(streams.err);
  attachment.terminal = how.terminal;
  attachment.on_resize = [shared](unsigned columns, unsigned rows) {
    note(shared->resize(columns, rows));
  };
  attachment.on_signal = [shared](int number) { note(shared->signal(number)); };
  attachment.on_stdin_closed = [shared] { note(shared->close_stdin()); };
  attachment.resume = {"run:resume", shared->container(), shared->exec()};
  TRY(session.attach(std::move(attachment)));
  shared->on_exit([finish = session.finish_later(), how](const runtime::Exit& exit) {
    const std::string lines = how.explain ? how.explain(exit) : std::string();
    finish(exit.status, marked(lines, how.terminal));
  });
  return 0;
}

}  // namespace dokku::cli
