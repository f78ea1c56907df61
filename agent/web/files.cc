#include "agent/web/files.h"

#include <algorithm>

namespace agent {

const WebFile* find_web_file(std::string_view name) {
  const auto files = web_files();
  const auto found = std::find_if(files.begin(), files.end(),
                                  [&](const WebFile& file) { return file.name == name; });
  return found == files.end() ? nullptr : &*found;
}

}  // namespace agent
