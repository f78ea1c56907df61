#include "tools/cli/tls_problem.h"

#include <fmt/format.h>
#include <openssl/x509_vfy.h>

namespace cli {
namespace {

// The certificate of the agent does not hold.
base::Error not_trusted(const TlsFailure& failure, const Endpoint& endpoint) {
  const long result = failure.verify_result;
  std::string_view hint =
      "give the certificate of the authority that issued it, with --cacert FILE (HEARSAY_CACERT)";
  if (result == X509_V_ERR_CERT_HAS_EXPIRED || result == X509_V_ERR_CERT_NOT_YET_VALID) {
    hint = "look at the clock of this host and at the dates of the certificate";
  } else if (result == X509_V_OK || result == X509_V_ERR_UNSPECIFIED) {
    // The chain holds, so it is the name.
    hint =
        "use a name or an address that the certificate has, or issue one for this name (hearsay "
        "tls issue NAME --host HOST)";
  }
  return base::invalid(fmt::format("the certificate of {} is not accepted: {}; {}", endpoint.url,
                                   failure.detail, hint));
}

base::Error certificate_refused(const TlsFailure& failure, const Endpoint& endpoint) {
  const std::string shown =
      endpoint.certificate.empty()
          ? "it asks for a client certificate; give one with --client-cert FILE and --client-key "
            "FILE (HEARSAY_CLIENT_CERT, HEARSAY_CLIENT_KEY)"
          : fmt::format("it does not accept the client certificate {}", endpoint.certificate);
  return {base::Code::kUnauthorized,
          fmt::format("{} ended TLS: {} ({})", endpoint.url, shown, failure.detail)};
}

}  // namespace

std::optional<base::Error> tls_problem(const TlsFailure& failure, const Endpoint& endpoint) {
  // The answer of the other side to a certificate that it does not take. In TLS 1.3 it comes after
  // the handshake, so when the client reads.
  const bool alert = failure.detail.find(" alert ") != std::string_view::npos;
  switch (failure.code) {
    case CURLE_PEER_FAILED_VERIFICATION:
      return not_trusted(failure, endpoint);
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
      return base::invalid(
          fmt::format("TLS: {}; look at the files of --cacert, --client-cert and "
                      "--client-key",
                      failure.detail));
    case CURLE_SSL_CLIENTCERT:
      return certificate_refused(failure, endpoint);
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
      if (alert) return certificate_refused(failure, endpoint);
      return std::nullopt;
    case CURLE_SSL_CONNECT_ERROR:
      return base::invalid(fmt::format("TLS with {} failed: {}", endpoint.url, failure.detail));
    default:
      return std::nullopt;
  }
}

}  // namespace cli
