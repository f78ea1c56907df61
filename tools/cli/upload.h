#pragma once

// Sends a file or stdin as the body of a request, as a stream. On a terminal, stderr shows how much
// was sent.

#include <string>

#include "tools/cli/session.h"

namespace cli {

enum class Upload { kLines, kState };

// `path`: a file, or "-" for stdin.
base::Result<Answer> upload_file(Session& session, const std::string& url, const std::string& path,
                                 Upload what);

}  // namespace cli
