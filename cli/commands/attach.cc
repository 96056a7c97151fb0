#include "cli/commands/attach.h"

#include <utility>

#include "base/log.h"

namespace dokku::cli {
namespace {

// The process may have ended meanwhile, which its exit status tells.
void note(const Result<>& done) {
  if (!done) log::info("one-off process: " + done.error().message());
}

}  // namespace

bool wants_terminal(const Session& session, bool forced, bool refused) {
  if (forced || refused) return forced;
  return session.terminal().stdin_is_terminal && session.terminal().stdout_is_terminal;
}

Result<int> hand_over(Session& session, std::unique_ptr<server::OneOff> process, bool terminal) {
  // Owned by the attachment's functions, which live until the client has hung up.
  const std::shared_ptr<server::OneOff> shared = std::move(process);
  server::Streams streams = shared->take_streams();
  Attachment attachment;
  attachment.in = std::move(streams.in);
  attachment.out = std::move(streams.out);
  attachment.err = std::move(streams.err);
  attachment.terminal = terminal;
  attachment.on_resize = [shared](unsigned columns, unsigned rows) {
    note(shared->resize(columns, rows));
  };
  attachment.on_signal = [shared](int number) { note(shared->signal(number)); };
  attachment.on_stdin_closed = [shared] { note(shared->close_stdin()); };
  attachment.resume = {"run:resume", shared->container(), shared->exec()};
  TRY(session.attach(std::move(attachment)));
  shared->on_exit([finish = session.finish_later()](const runtime::Exit& exit) {
    finish(exit.status);
  });
  return 0;
}

}  // namespace dokku::cli
