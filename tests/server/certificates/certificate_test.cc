#include "server/certificates/certificate.h"

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace dokku::server {
namespace {

// A chain of three, made here: root signs middle signs leaf.
struct Made {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = ::X509_new();

  Made(const char* name, const Made* signer) {
    ::X509_set_version(certificate, 2);
    ::X509_gmtime_adj(::X509_getm_notBefore(certificate), 0);
    ::X509_gmtime_adj(::X509_getm_notAfter(certificate), 3600);
    ::X509_set_pubkey(certificate, key);
    ::X509_NAME_add_entry_by_txt(::X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                                 reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    const Made& by = signer == nullptr ? *this : *signer;
    ::X509_set_issuer_name(certificate, ::X509_get_subject_name(by.certificate));
    ::X509_sign(certificate, by.key, ::EVP_sha256());
  }
  ~Made() {
    ::EVP_PKEY_free(key);
    ::X509_free(certificate);
  }
  Made(const Made&) = delete;

  std::string pem() const {
    return text([&](BIO* b) { ::PEM_write_bio_X509(b, certificate); });
  }
  std::string key_pem() const {
    return text(
        [&](BIO* b) { ::PEM_write_bio_PrivateKey(b, key, nullptr, nullptr, 0, nullptr, nullptr); });
  }
  template <class F>
  static std::string text(F&& write) {
    BIO* bio = ::BIO_new(::BIO_s_mem());
    write(bio);
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(bio, &bytes);
    std::string out(bytes, static_cast<std::size_t>(size));
    ::BIO_free(bio);
    return out;
  }
};

TEST(Certificate, OneSignedByItselfIsGoodForItsName) {
  const auto pair = make_self_signed("blog.example.com", std::chrono::hours(24));
  ASSERT_TRUE(pair);
  const auto checked = check_key_pair(*pair);
  ASSERT_TRUE(checked) << checked.error().message();
  const auto facts = read_certificate(checked->chain);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->hostnames, std::vector<std::string>{"blog.example.com"});
  EXPECT_TRUE(facts->self_signed);
  EXPECT_FALSE(facts->expired || facts->verified);
  EXPECT_EQ(facts->subject, "CN=blog.example.com");
  EXPECT_NE(facts->expires_at.find("GMT"), std::string::npos);
}

TEST(Certificate, OneThatHasExpiredIsTakenAndSaysSo) {
  const auto pair = make_self_signed("blog.example.com", std::chrono::hours(-1));
  ASSERT_TRUE(pair);
  const auto checked = check_key_pair(*pair);
  ASSERT_TRUE(checked) << checked.error().message();
  EXPECT_TRUE(read_certificate(checked->chain)->expired);
}

TEST(Certificate, WildcardsCoverOneLabel) {
  CertificateFacts facts;
  facts.hostnames = {"a.test", "*.b.test"};
  EXPECT_TRUE(facts.covers("a.test"));
  EXPECT_TRUE(facts.covers("x.b.test"));
  EXPECT_TRUE(facts.covers("*.b.test"));
  EXPECT_FALSE(facts.covers("b.test"));
  EXPECT_FALSE(facts.covers("x.y.b.test"));
  EXPECT_FALSE(facts.covers(".b.test"));
}

TEST(Certificate, AChainIsPutInOrder) {
  const Made root("root", nullptr), middle("middle", &root), leaf("leaf.test", &middle);
  const auto good = check_key_pair({leaf.pem() + middle.pem() + root.pem(), leaf.key_pem()});
  ASSERT_TRUE(good) << good.error().message();
  const auto mixed = check_key_pair({root.pem() + leaf.pem() + middle.pem(), leaf.key_pem()});
  ASSERT_TRUE(mixed) << mixed.error().message();
  EXPECT_EQ(mixed->chain, good->chain);
  const auto gap = check_key_pair({leaf.pem() + root.pem(), leaf.key_pem()});
  ASSERT_FALSE(gap);
  EXPECT_NE(gap.error().message().find("CN=root"), std::string::npos);
}

TEST(Certificate, WhatCannotServeIsRefusedWithASentence) {
  const Made one("one.test", nullptr), other("other.test", nullptr);
  const auto says = [&](const KeyPair& pair) {
    const auto checked = check_key_pair(pair);
    return checked ? std::string() : checked.error().message();
  };
  EXPECT_NE(says({one.pem(), other.key_pem()}).find("does not belong"), std::string::npos);
  EXPECT_NE(says({"junk", one.key_pem()}).find("certificate is not readable"), std::string::npos);
  EXPECT_NE(says({one.pem(), "junk"}).find("key is not readable"), std::string::npos);
  EXPECT_NE(says({one.pem(), "-----BEGIN ENCRYPTED PRIVATE KEY-----"}).find("passphrase"),
            std::string::npos);
  EXPECT_EQ(says({"text before\n" + one.pem() + "text behind", one.key_pem()}), "");
}

}  // namespace
}  // namespace dokku::server
