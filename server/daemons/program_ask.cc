#include "server/daemons/program_ask.h"

#include <fcntl.h>

#include "base/io.h"
#include "base/process.h"

namespace dokku::server {
namespace {

constexpr std::size_t kAnswerBytesMax = 64U << 10;  // as much as a pipe holds

std::string end_of(const ExitStatus& status) {
  if (status.signal) return "ended with signal " + std::to_string(*status.signal);
  return "ended with status " + std::to_string(status.shell_status());
}

// What is there; a grandchild may still hold the other end.
std::string rest_of(const UniqueFd& pipe) {
  ::fcntl(pipe.get(), F_SETFL, O_NONBLOCK);
  std::string text(kAnswerBytesMax, '\0');
  const Result<std::size_t> got = read_some(pipe.get(), text.data(), text.size());
  text.resize(got ? *got : 0);
  return text;
}

}  // namespace

Result<std::string> ask_program(const ProgramQuestion& question) {
  const std::string name = question.program.filename().string();
  Pipe said = TRY(make_pipe());
  ProcessSpec spec;
  spec.program = question.program.string();
  spec.arguments = question.arguments;
  spec.arguments.insert(spec.arguments.begin(), name);
  spec.environment = question.environment;
  spec.stdout_fd = said.write.get();
  spec.stderr_fd = said.write.get();
  Result<Process> process = Process::start(spec);
  if (!process) {
    return fail(Errc::unavailable, question.program.string() + ": " + process.error().message());
  }
  said.write.reset();
  const Result<ExitStatus> status = process->wait_for(question.limit);
  std::string text = rest_of(said.read);
  if (status && status->ok()) return text;
  const std::string words = last_line(text);
  if (!status) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(question.limit).count();
    return fail(Errc::timed_out, name + " gave no answer for " + std::to_string(seconds) + " s");
  }
  return fail(Errc::unavailable,
              name + " " + end_of(*status) + (words.empty() ? "" : ": " + words));
}

std::string last_line(const std::string& text) {
  constexpr std::string_view kMark = " !     ";
  std::string_view rest = text;
  while (!rest.empty() && (rest.back() == '\n' || rest.back() == ' ')) rest.remove_suffix(1);
  rest.remove_prefix(rest.rfind('\n') + 1);  // npos + 1 is 0
  if (rest.starts_with(kMark)) rest.remove_prefix(kMark.size());
  return std::string(rest);
}

}  // namespace dokku::server
