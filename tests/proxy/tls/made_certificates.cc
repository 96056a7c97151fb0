#include "tests/proxy/tls/made_certificates.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "proxy/tls/openssl.h"

namespace dokku::proxy::tls {
namespace {

std::string text_of(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

}  // namespace

Certificate made_certificate(char id, const std::vector<std::string>& names, KeyKind kind) {
  const KeyPtr key(kind == KeyKind::rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"));
  const CertificatePtr leaf(::X509_new());
  ::X509_set_version(leaf.get(), 2);
  ::ASN1_INTEGER_set(::X509_get_serialNumber(leaf.get()), id);
  ::X509_gmtime_adj(::X509_getm_notBefore(leaf.get()), 0);
  ::X509_gmtime_adj(::X509_getm_notAfter(leaf.get()), 3600);
  ::X509_set_pubkey(leaf.get(), key.get());
  X509_NAME* subject = ::X509_get_subject_name(leaf.get());
  ::X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(names.front().c_str()), -1,
                               -1, 0);
  ::X509_set_issuer_name(leaf.get(), subject);
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "DNS:" : ",DNS:") + name;
  X509_EXTENSION* others =
      ::X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, list.c_str());
  ::X509_add_ext(leaf.get(), others, -1);
  ::X509_EXTENSION_free(others);
  ::X509_sign(leaf.get(), key.get(), ::EVP_sha256());
  const BioPtr chain(::BIO_new(::BIO_s_mem()));
  const BioPtr secret(::BIO_new(::BIO_s_mem()));
  ::PEM_write_bio_X509(chain.get(), leaf.get());
  ::PEM_write_bio_PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return {std::string(64, id), text_of(chain.get()), text_of(secret.get())};
}

}  // namespace dokku::proxy::tls
