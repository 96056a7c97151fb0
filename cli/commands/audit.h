// Audit: writes a command into the audit log when it has ended, however it did.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cli/commands/command.h"
#include "cli/output/forwarding_session.h"

namespace dokku::cli {

// The note of a command that its caller may not do.
inline constexpr const char* kRefused = "refused";

// One command's entry. Also stands between a command and its session, since an attached process
// (run, enter) ends long after the handler has returned.
class Audit : public ForwardingSession {
 public:
  Audit(Session& person, server::Platform& platform, const Command& command, std::string who);

  // The app to be named when the handler notes nothing.
  void set_app(std::string app) { app_ = std::move(app); }
  const std::string& app() const { return app_; }
  // Call once, with what the handler returned.
  void ended(int status, const std::vector<AuditNote>& notes);
  Finish finish_later() override;

 private:
  // Lives as long as an attached process.
  struct Record;
  std::shared_ptr<Record> record_;
  std::string app_;
  bool later_ = false;
};

}  // namespace dokku::cli
