#pragma once

// OpenSSL, loaded when TLS is configured, and by the commands that make certificates. An agent
// without TLS saves the memory that libssl and libcrypto need
// (docs/decisions/0006-libcurl-on-demand.md). The types come from the headers of
// OpenSSL. Each member has the name of the function that it calls.

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "crdt/base/result.h"

// clang-format off
#define HEARSAY_SSL_FUNCTIONS(F) \
  F(TLS_server_method) F(SSL_CTX_new) F(SSL_CTX_free) F(SSL_CTX_ctrl) F(SSL_CTX_set_options) \
  F(SSL_CTX_use_certificate) F(SSL_CTX_use_PrivateKey) F(SSL_CTX_check_private_key) \
  F(SSL_CTX_set_verify) F(SSL_CTX_get_cert_store) F(SSL_CTX_add_client_CA) \
  F(SSL_CTX_set_alpn_select_cb) F(SSL_CTX_set_session_id_context) F(SSL_CTX_set_num_tickets) \
  F(SSL_CTX_get0_param) F(SSL_new) F(SSL_free) F(SSL_set_bio) F(SSL_set_accept_state) \
  F(SSL_do_handshake) F(SSL_read) F(SSL_write) F(SSL_get_error) F(SSL_shutdown) F(SSL_get0_param) \
  F(SSL_get0_peer_certificate)
#define HEARSAY_CRYPTO_FUNCTIONS(F) \
  F(BIO_meth_new) F(BIO_meth_set_read) F(BIO_meth_set_write) F(BIO_meth_set_ctrl) F(BIO_new) \
  F(BIO_free) F(BIO_set_data) F(BIO_get_data) F(BIO_set_init) F(BIO_set_flags) \
  F(BIO_clear_flags) F(BIO_new_mem_buf) F(PEM_read_bio_X509) F(PEM_read_bio_PrivateKey) \
  F(X509_free) F(EVP_PKEY_free) F(X509_STORE_add_cert) F(X509_VERIFY_PARAM_set_time) \
  F(X509_VERIFY_PARAM_set_flags) F(X509_get_subject_name) F(X509_NAME_get_index_by_NID) \
  F(X509_NAME_get_entry) F(X509_NAME_ENTRY_get_data) F(ASN1_STRING_to_UTF8) F(CRYPTO_free) \
  F(X509_get0_serialNumber) F(ASN1_STRING_get0_data) F(ASN1_STRING_length) \
  F(X509_get0_notBefore) F(X509_get0_notAfter) F(ASN1_TIME_to_tm) F(ERR_clear_error) \
  F(ERR_peek_last_error) F(ERR_reason_error_string) \
  /* only to make certificates */ \
  F(ERR_get_error) F(ERR_error_string_n) F(EVP_PKEY_Q_keygen) F(EVP_sha256) F(X509_new) \
  F(X509_set_version) F(X509_get_serialNumber) F(BN_bin2bn) F(BN_free) F(BN_to_ASN1_INTEGER) \
  F(ASN1_TIME_set) F(X509_getm_notBefore) F(X509_getm_notAfter) F(X509_set_issuer_name) \
  F(X509_NAME_add_entry_by_txt) F(X509_set_pubkey) F(X509V3_set_ctx) F(X509V3_EXT_conf_nid) \
  F(X509_add_ext) F(X509_EXTENSION_free) F(X509_sign) F(X509_check_ca) \
  F(X509_check_private_key) F(BIO_s_mem) F(BIO_read) F(PEM_write_bio_X509) \
  F(PEM_write_bio_PKCS8PrivateKey)
// clang-format on

namespace http {

struct OpensslLibrary {
#define HEARSAY_MEMBER(name) decltype(&::name) name = nullptr;
  HEARSAY_SSL_FUNCTIONS(HEARSAY_MEMBER)
  HEARSAY_CRYPTO_FUNCTIONS(HEARSAY_MEMBER)
#undef HEARSAY_MEMBER
};

// Loads the library at the first call that succeeds. kInternal when it is not installed. It
// stays loaded.
base::Result<const OpensslLibrary*> openssl_library();

}  // namespace http
