// FakeSession: a person in memory: what was typed, what was printed.
//
// For tests of commands in process. Threads: one at a time, as a real session.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/output/session.h"

namespace dokku::cli {

class FakeSession : public Session {
 public:
  FakeSession();

  // Set these before the command runs.
  Caller caller_;
  TerminalInfo terminal_;
  std::map<std::string, std::string> environment_;
  std::string stdin_;
  std::vector<std::string> answers;          // to `ask`, in order; then end of file
  std::map<std::string, std::string> files;  // what open_callers_file finds; "": standard input
  std::map<std::string, UniqueFd> created;   // by create_callers_file; "": standard output
  std::vector<UniqueFd> descriptors;

  // What came of it.
  const std::string& printed() const { return out_; }
  const std::string& complained() const { return err_; }
  std::optional<Attachment> attached;
  std::optional<Program> became;
  bool finishes_later = false;
  // Set by the function that finish_later returned.
  std::shared_ptr<std::atomic<int>> later_status = std::make_shared<std::atomic<int>>(-1);
  // What it was given to say; valid once the status is.
  std::shared_ptr<std::string> last_words = std::make_shared<std::string>();
  CancelToken& cancel_token() { return cancel_; }

  const Caller& caller() const override { return caller_; }
  const TerminalInfo& terminal() const override { return terminal_; }
  const std::map<std::string, std::string>& environment() const override { return environment_; }
  void out(std::string_view bytes) override { out_ += bytes; }
  void err(std::string_view bytes) override { err_ += bytes; }
  Result<std::string> read_stdin(std::size_t bytes_max) override;
  Result<std::string> ask(std::string_view prompt) override;
  Result<std::string> ask_secret(std::string_view prompt) override { return ask(prompt); }
  Result<UniqueFd> open_callers_file(const std::string& path) override;
  Result<UniqueFd> create_callers_file(const std::string& path) override;
  std::vector<UniqueFd> take_descriptors() override { return std::move(descriptors); }
  Result<> attach(Attachment attachment) override;
  Finish finish_later() override;
  Result<> become(Program program) override;
  const CancelToken& cancel() const override { return cancel_; }

 private:
  std::string out_;
  std::string err_;
  std::size_t asked_ = 0;
  CancelToken cancel_;
};

}  // namespace dokku::cli
