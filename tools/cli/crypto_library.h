#pragma once

// OpenSSL's libcrypto, loaded by the commands that make certificates. The agent is the same program
// and does not need it for this (docs/decisions/0006-libcurl-on-demand.md).

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "crdt/base/result.h"

namespace cli {

struct CryptoLibrary {
  decltype(&ERR_get_error) err_get_error = nullptr;
  decltype(&ERR_error_string_n) err_error_string_n = nullptr;
  decltype(&EVP_PKEY_Q_keygen) evp_pkey_q_keygen = nullptr;
  decltype(&EVP_PKEY_free) evp_pkey_free = nullptr;
  decltype(&EVP_sha256) evp_sha256 = nullptr;
  decltype(&X509_new) x509_new = nullptr;
  decltype(&X509_free) x509_free = nullptr;
  decltype(&X509_set_version) x509_set_version = nullptr;
  decltype(&X509_get_serialNumber) x509_get_serial_number = nullptr;
  decltype(&BN_bin2bn) bn_bin2bn = nullptr;
  decltype(&BN_free) bn_free = nullptr;
  decltype(&BN_to_ASN1_INTEGER) bn_to_asn1_integer = nullptr;
  decltype(&ASN1_TIME_set) asn1_time_set = nullptr;
  decltype(&X509_getm_notBefore) x509_getm_not_before = nullptr;
  decltype(&X509_getm_notAfter) x509_getm_not_after = nullptr;
  decltype(&X509_get_subject_name) x509_get_subject_name = nullptr;
  decltype(&X509_set_issuer_name) x509_set_issuer_name = nullptr;
  decltype(&X509_NAME_add_entry_by_txt) x509_name_add_entry_by_txt = nullptr;
  decltype(&X509_set_pubkey) x509_set_pubkey = nullptr;
  decltype(&X509V3_set_ctx) x509v3_set_ctx = nullptr;
  decltype(&X509V3_EXT_conf_nid) x509v3_ext_conf_nid = nullptr;
  decltype(&X509_add_ext) x509_add_ext = nullptr;
  decltype(&X509_EXTENSION_free) x509_extension_free = nullptr;
  decltype(&X509_sign) x509_sign = nullptr;
  decltype(&X509_check_ca) x509_check_ca = nullptr;
  decltype(&X509_check_private_key) x509_check_private_key = nullptr;
  decltype(&BIO_new) bio_new = nullptr;
  decltype(&BIO_s_mem) bio_s_mem = nullptr;
  decltype(&BIO_new_mem_buf) bio_new_mem_buf = nullptr;
  decltype(&BIO_read) bio_read = nullptr;
  decltype(&BIO_free) bio_free = nullptr;
  decltype(&PEM_write_bio_X509) pem_write_bio_x509 = nullptr;
  decltype(&PEM_write_bio_PKCS8PrivateKey) pem_write_bio_private_key = nullptr;
  decltype(&PEM_read_bio_X509) pem_read_bio_x509 = nullptr;
  decltype(&PEM_read_bio_PrivateKey) pem_read_bio_private_key = nullptr;
};

// Loads libcrypto at the first call. kInternal if it is not installed; the message names the
// package.
base::Result<const CryptoLibrary*> crypto_library();

}  // namespace cli
