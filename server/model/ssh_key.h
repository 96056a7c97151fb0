// KeyName and PublicKey: who may call over ssh, and how ssh names a key.
//
// Checked here from the bytes of the key itself; no ssh-keygen is run on a stranger's text.
#pragma once

#include <string>
#include <string_view>

#include "base/named.h"
#include "base/result.h"

namespace dokku::server {

// Letters, digits, '.', '_', '-', '@', '+', ':', not beginning with '-', at most 128 bytes: it is
// written into authorized_keys between double quotes.
class KeyName : public Named<KeyName> {
 public:
  static Result<KeyName> parse(std::string_view text);

 private:
  using Named::Named;
};

// "SHA256:" and 43 characters of base64, as ssh-keygen -l prints it. Also the id that the forced
// command carries.
class Fingerprint : public Named<Fingerprint> {
 public:
  static Result<Fingerprint> parse(std::string_view text);

 private:
  friend class PublicKey;
  using Named::Named;
};

// One line of an OpenSSH public key file: "ssh-ed25519 AAAA… comment". RFC 4253 6.6, RFC 8709.
class PublicKey {
 public:
  // invalid_argument: "Key specified in is not a valid ssh public key" (Dokku's words). Options in
  // front, an unknown type, bad base64 and a blob of another type are all invalid.
  static Result<PublicKey> parse(std::string_view line);

  const std::string& type() const { return type_; }  // "ssh-ed25519"
  const std::string& blob() const { return blob_; }  // base64
  const Fingerprint& fingerprint() const { return fingerprint_; }
  // "TYPE BLOB", without the comment: it is free text.
  std::string line() const { return type_ + " " + blob_; }
  friend bool operator==(const PublicKey&, const PublicKey&) = default;

 private:
  PublicKey(std::string type, std::string blob, Fingerprint fingerprint)
      : type_(std::move(type)), blob_(std::move(blob)), fingerprint_(std::move(fingerprint)) {}
  std::string type_;
  std::string blob_;
  Fingerprint fingerprint_;
};

}  // namespace dokku::server
