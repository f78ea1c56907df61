#include "crdt/base/result.h"

namespace base {

const CodeInfo& code_info(Code code) {
  static constexpr CodeInfo kInvalid{"invalid", 400, 1};
  static constexpr CodeInfo kNotFound{"not_found", 404, 4};
  static constexpr CodeInfo kMethod{"method_not_allowed", 405, 1};
  static constexpr CodeInfo kTooLarge{"too_large", 413, 1};
  static constexpr CodeInfo kConflict{"conflict", 409, 1};
  static constexpr CodeInfo kForbidden{"forbidden", 403, 6};
  static constexpr CodeInfo kUnauthorized{"unauthorized", 401, 6};
  static constexpr CodeInfo kMisdirected{"misdirected", 421, 6};
  static constexpr CodeInfo kUnprocessable{"unprocessable", 422, 1};
  static constexpr CodeInfo kTimeout{"timeout", 504, 7};
  static constexpr CodeInfo kBusy{"busy", 503, 5};
  static constexpr CodeInfo kRateLimited{"rate_limited", 429, 5};
  static constexpr CodeInfo kDiskFull{"disk_full", 507, 1};
  static constexpr CodeInfo kReadOnly{"read_only", 503, 5};
  static constexpr CodeInfo kIndeterminate{"indeterminate", 500, 1};
  static constexpr CodeInfo kCorrupt{"corrupt", 500, 1};
  static constexpr CodeInfo kUnavailable{"unavailable", 503, 3};
  static constexpr CodeInfo kInternal{"internal", 500, 1};
  switch (code) {
    case Code::kInvalid:
      return kInvalid;
    case Code::kNotFound:
      return kNotFound;
    case Code::kMethod:
      return kMethod;
    case Code::kTooLarge:
      return kTooLarge;
    case Code::kConflict:
      return kConflict;
    case Code::kForbidden:
      return kForbidden;
    case Code::kUnauthorized:
      return kUnauthorized;
    case Code::kMisdirected:
      return kMisdirected;
    case Code::kUnprocessable:
      return kUnprocessable;
    case Code::kTimeout:
      return kTimeout;
    case Code::kBusy:
      return kBusy;
    case Code::kRateLimited:
      return kRateLimited;
    case Code::kDiskFull:
      return kDiskFull;
    case Code::kReadOnly:
      return kReadOnly;
    case Code::kIndeterminate:
      return kIndeterminate;
    case Code::kCorrupt:
      return kCorrupt;
    case Code::kUnavailable:
      return kUnavailable;
    case Code::kInternal:
      return kInternal;
  }
  return kInternal;
}

}  // namespace base
