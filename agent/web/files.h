#pragma once

// Files that are a part of the program, and those of the page at /ui/. They are packed at build
// time (embed.cmake), the page from agent/web/page. They never change while the program runs. Any
// thread.

#include <span>
#include <string_view>

namespace agent {

struct WebFile {
  std::string_view name;  // below /ui/: "style.css"; "" is the page itself
  std::string_view media_type;
  std::string_view etag;  // a hash of the content, in quotes
  std::string_view plain;
  std::string_view gzip;  // the same content
};

// In order of their names.
std::span<const WebFile> web_files();
const WebFile* find_web_file(std::string_view name);  // null: there is none

}  // namespace agent
