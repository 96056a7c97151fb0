// ForwardingSession: a session that hands everything on; for those that change one call of it.
#pragma once

#include "cli/output/session.h"

namespace dokku::cli {

class ForwardingSession : public Session {
 public:
  explicit ForwardingSession(Session& inner) : inner_(inner) {}

  const Caller& caller() const override { return inner_.caller(); }
  const TerminalInfo& terminal() const override { return inner_.terminal(); }
  const std::map<std::string, std::string>& environment() const override {
    return inner_.environment();
  }
  void out(std::string_view bytes) override { inner_.out(bytes); }
  void err(std::string_view bytes) override { inner_.err(bytes); }
  Result<std::string> read_stdin(std::size_t bytes_max) override {
    return inner_.read_stdin(bytes_max);
  }
  Result<std::string> ask(std::string_view prompt) override { return inner_.ask(prompt); }
  Result<UniqueFd> open_callers_file(const std::string& path) override {
    return inner_.open_callers_file(path);
  }
  Result<std::string> ask_secret(std::string_view prompt) override {
    return inner_.ask_secret(prompt);
  }
  Result<UniqueFd> create_callers_file(const std::string& path) override {
    return inner_.create_callers_file(path);
  }
  std::vector<UniqueFd> take_descriptors() override { return inner_.take_descriptors(); }
  Result<> attach(Attachment attachment) override { return inner_.attach(std::move(attachment)); }
  Finish finish_later() override { return inner_.finish_later(); }
  Result<> become(Program program) override { return inner_.become(std::move(program)); }
  const CancelToken& cancel() const override { return inner_.cancel(); }

 protected:
  Session& inner_;
};

}  // namespace dokku::cli
