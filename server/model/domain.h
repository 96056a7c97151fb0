// Domain: a host name that an app answers to, or "*.name" for all names one level below.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/named.h"
#include "base/result.h"

namespace dokku::server {

// Kept in lower case (RFC 9110 4.2.3). Letters, digits, '.', '-', '*', or the single "_" as in
// Dokku; beyond Dokku no empty label, no label that begins or ends with '-', '*' only as the whole
// first label, at most 253 bytes (RFC 1035).
class Domain : public Named<Domain> {
 public:
  // invalid_argument: "D is invalid. exiting..."
  static Result<Domain> parse(std::string_view text);

  bool wildcard() const { return str().front() == '*'; }
  // Four numbers with dots. Such a global domain gives apps no name of their own.
  bool is_address() const;

 private:
  using Named::Named;
};

// As people type them: ".name" is both name and *.name, as with nginx.
Result<std::vector<Domain>> parse_domains(std::string_view text);

}  // namespace dokku::server
