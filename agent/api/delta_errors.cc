#include "agent/api/delta_errors.h"

#include <string_view>

#include "agent/api/json_text.h"

namespace agent {
namespace {

std::string_view words_of(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 408:
      return "Request Timeout";
    case 409:
      return "Delta Conflict";
    case 413:
      return "Content Too Large";
    case 417:
      return "Expectation Failed";
    case 422:
      return "CRDT Type Not Supported";
    case 429:
      return "Too Many Requests";
    case 503:
      return "Service Unavailable";
    case 507:
      return "Insufficient Storage";
    default:
      return "Internal Server Error";
  }
}

}  // namespace

http::Response delta_refusal(int status, const base::Error& error) {
  http::Response response;
  response.status = status;
  response.body = JsonObject().text("error", words_of(status)).take();
  response.headers.emplace_back("CRDT-Error-Detail", error.message);
  return response;
}

http::Response delta_error(const base::Error& error) {
  const int status = base::code_info(error.code).http_status;
  return delta_refusal(status == 400 ? 409 : status, error);
}

http::Response misfit_error(const base::Error& error) {
  const bool misfit =
      error.code == base::Code::kUnprocessable || error.code == base::Code::kNotFound;
  return delta_error({misfit ? base::Code::kConflict : error.code, error.message});
}

}  // namespace agent
