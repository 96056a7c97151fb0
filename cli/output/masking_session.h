// MaskingSession: what is printed through it shows no secret: neither the values that it is told,
// nor the password of a URL ("https://user:****@host/"). For output that people pass on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/output/forwarding_session.h"

namespace dokku::cli {

// Values under six bytes ("true", "web") are left alone: they stand everywhere.
std::string masked(std::string text, const std::vector<std::string>& secrets);

// Each piece that is written is masked by itself: whole lines, as a Printer writes them.
class MaskingSession : public ForwardingSession {
 public:
  MaskingSession(Session& inner, std::vector<std::string> secrets)
      : ForwardingSession(inner), secrets_(std::move(secrets)) {}

  void out(std::string_view bytes) override { inner_.out(masked(std::string(bytes), secrets_)); }
  void err(std::string_view bytes) override { inner_.err(masked(std::string(bytes), secrets_)); }

 private:
  std::vector<std::string> secrets_;
};

}  // namespace dokku::cli
