#include "server/certificates/certificate.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>

namespace dokku::server {
namespace {

constexpr std::size_t kChainMax = 10;

template <auto free_it>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    free_it(object);
  }
};
using BioPtr = std::unique_ptr<BIO, Freed<BIO_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using CertificatePtr = std::unique_ptr<X509, Freed<X509_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;
using TrustPtr = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
using CheckPtr = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;

Fail wrong(const std::string& why) {
  ::ERR_clear_error();
  return fail(Errc::invalid_argument, why);
}

BioPtr reader(std::string_view text) {
  return BioPtr(::BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

BioPtr writer() { return BioPtr(::BIO_new(::BIO_s_mem())); }

std::string text_of(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

int no_password(char*, int, int, void*) { return -1; }

std::vector<CertificatePtr> read_chain(std::string_view text) {
  std::vector<CertificatePtr> chain;
  if (text.size() > kPemBytesMax) return chain;
  const BioPtr bio = reader(text);
  while (chain.size() < kChainMax) {
    CertificatePtr next(::PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr));
    if (!next) break;
    chain.push_back(std::move(next));
  }
  ::ERR_clear_error();
  return chain;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return text;
}

void add_once(std::vector<std::string>& names, std::string name) {
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(),
                                                  [](char c) { return c > ' ' && c < 0x7f; });
  if (plain && std::find(names.begin(), names.end(), name) == names.end()) {
    names.push_back(std::move(name));
  }
}

std::vector<std::string> alternative_names_of(X509* leaf) {
  std::vector<std::string> names;
  const NamesPtr others(static_cast<GENERAL_NAMES*>(
      ::X509_get_ext_d2i(leaf, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; others && i < sk_GENERAL_NAME_num(others.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(others.get(), i);
    if (name->type != GEN_DNS) continue;
    const ASN1_IA5STRING* text = name->d.dNSName;
    add_once(names, lower(std::string(reinterpret_cast<const char*>(::ASN1_STRING_get0_data(text)),
                                      static_cast<std::size_t>(::ASN1_STRING_length(text)))));
  }
  return names;
}

std::string common_name_of(X509* leaf) {
  char common[256] = "";
  ::X509_NAME_get_text_by_NID(::X509_get_subject_name(leaf), NID_commonName, common, sizeof common);
  return lower(common);
}

std::string name_text(const X509_NAME* name) {
  const BioPtr bio = writer();
  ::X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_SEP_SPLUS_SPC | ASN1_STRFLGS_RFC2253);
  return text_of(bio.get());
}

std::string time_text(const ASN1_TIME* time) {
  const BioPtr bio = writer();
  ::ASN1_TIME_print(bio.get(), time);
  return text_of(bio.get());
}

bool trusted(const std::vector<CertificatePtr>& chain) {
  const TrustPtr trust(::X509_STORE_new());
  ::X509_STORE_set_default_paths(trust.get());
  STACK_OF(X509)* others = sk_X509_new_null();
  for (std::size_t i = 1; i < chain.size(); ++i) sk_X509_push(others, chain[i].get());
  const CheckPtr check(::X509_STORE_CTX_new());
  ::X509_STORE_CTX_init(check.get(), trust.get(), chain.front().get(), others);
  const bool good = ::X509_verify_cert(check.get()) == 1;
  sk_X509_free(others);
  ::ERR_clear_error();
  return good;
}

// The leaf is the one that the key belongs to; each other follows the one that it has signed.
Result<std::vector<CertificatePtr>> in_order(std::vector<CertificatePtr> chain, EVP_PKEY* key) {
  const auto leaf = std::find_if(chain.begin(), chain.end(), [&](const CertificatePtr& each) {
    return ::X509_check_private_key(each.get(), key) == 1;
  });
  ::ERR_clear_error();
  if (leaf == chain.end()) {
    return wrong(
        "The key does not belong to the certificate\nBoth come from the same order; "
        "compare: openssl pkey -pubout and openssl x509 -pubkey");
  }
  std::swap(*leaf, chain.front());
  for (std::size_t at = 0; at + 1 < chain.size(); ++at) {
    X509* signed_one = chain[at].get();
    const auto signer =
        std::find_if(chain.begin() + static_cast<std::ptrdiff_t>(at) + 1, chain.end(),
                     [&](const CertificatePtr& each) {
                       return ::X509_check_issued(each.get(), signed_one) == X509_V_OK;
                     });
    if (signer == chain.end()) {
      return wrong("The chain has a certificate that signed none of the others: " +
                   name_text(::X509_get_subject_name(chain[at + 1].get())) +
                   "\nLeave it out, or add the one in between");
    }
    std::swap(*signer, chain[at + 1]);
  }
  return chain;
}

std::string pem_of(const std::vector<CertificatePtr>& chain) {
  const BioPtr bio = writer();
  for (const CertificatePtr& each : chain) ::PEM_write_bio_X509(bio.get(), each.get());
  return text_of(bio.get());
}

std::string pem_of(EVP_PKEY* key) {
  const BioPtr bio = writer();
  ::PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(bio.get());
}

}  // namespace

bool CertificateFacts::covers(std::string_view host) const {
  return std::any_of(hostnames.begin(), hostnames.end(), [&](const std::string& name) {
    if (name == host) return true;
    if (name.rfind("*.", 0) != 0) return false;
    const std::size_t dot = host.find('.');
    return dot != host.npos && dot > 0 && host.substr(dot) == name.substr(1);
  });
}

Result<CertificateFacts> read_certificate(std::string_view text) {
  const std::vector<CertificatePtr> chain = read_chain(text);
  if (chain.empty())
    return wrong(
        "The certificate is not readable\nExpected: PEM, beginning with "
        "-----BEGIN CERTIFICATE-----");
  X509* leaf = chain.front().get();
  CertificateFacts facts;
  facts.hostnames = alternative_names_of(leaf);
  facts.common_name = common_name_of(leaf);
  if (facts.hostnames.empty()) facts.hostnames = {facts.common_name};
  facts.starts_at = time_text(::X509_get0_notBefore(leaf));
  facts.expires_at = time_text(::X509_get0_notAfter(leaf));
  facts.expired = ::X509_cmp_current_time(::X509_get0_notAfter(leaf)) < 0;
  facts.issuer = name_text(::X509_get_issuer_name(leaf));
  facts.subject = name_text(::X509_get_subject_name(leaf));
  facts.self_signed = ::X509_check_issued(leaf, leaf) == X509_V_OK;
  facts.verified = !facts.self_signed && trusted(chain);
  return facts;
}

Result<KeyPair> check_key_pair(const KeyPair& brought) {
  std::vector<CertificatePtr> chain = read_chain(brought.chain);
  if (chain.empty())
    return wrong(
        "The certificate is not readable\nExpected: PEM, beginning with "
        "-----BEGIN CERTIFICATE-----");
  if (brought.key.find("ENCRYPTED") != std::string::npos) {
    return wrong(
        "The private key is protected by a passphrase\nTake it off: openssl pkey -in "
        "server.key -out plain.key");
  }
  const BioPtr bio = reader(brought.key);
  const KeyPtr key(::PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (!key)
    return wrong(
        "The private key is not readable\nExpected: PEM, beginning with "
        "-----BEGIN PRIVATE KEY-----");
  chain = TRY(in_order(std::move(chain), key.get()));
  return KeyPair{pem_of(chain), pem_of(key.get())};
}

Result<KeyPair> make_self_signed(const std::string& host, std::chrono::hours life) {
  const KeyPtr key(EVP_EC_gen("P-256"));
  CertificatePtr leaf(::X509_new());
  if (!key || !leaf) return wrong("No key could be made");
  std::uint32_t serial = 0;
  ::RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  ::X509_set_version(leaf.get(), 2);
  ::ASN1_INTEGER_set_uint64(::X509_get_serialNumber(leaf.get()), serial | 1U);
  ::X509_gmtime_adj(::X509_getm_notBefore(leaf.get()), 0);
  ::X509_gmtime_adj(::X509_getm_notAfter(leaf.get()), std::chrono::seconds(life).count());
  ::X509_set_pubkey(leaf.get(), key.get());
  X509_NAME* subject = ::X509_get_subject_name(leaf.get());
  const std::string common = host.substr(0, 64);  // all that a common name may hold
  ::X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common.c_str()), -1, -1, 0);
  ::X509_set_issuer_name(leaf.get(), subject);
  X509_EXTENSION* others =
      ::X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, ("DNS:" + host).c_str());
  if (others == nullptr) return wrong("No certificate can be made for " + host);
  ::X509_add_ext(leaf.get(), others, -1);
  ::X509_EXTENSION_free(others);
  if (::X509_sign(leaf.get(), key.get(), ::EVP_sha256()) == 0) return wrong("No certificate made");
  std::vector<CertificatePtr> chain;
  chain.push_back(std::move(leaf));
  return KeyPair{pem_of(chain), pem_of(key.get())};
}

}  // namespace dokku::server
