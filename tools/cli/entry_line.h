#pragma once

// An entry of the catalog as one line of JSON, which `ls -o jsonl` writes and `import` reads
// (docs/cli.md, "Export and import").

#include <string>
#include <string_view>

namespace cli {

// Turns an element {"id","metadata"} of GET /catalog/query into {"id":…, fields}. If `import` would
// read that as something else, because a field is called `id` or the only field is an object called
// `metadata`, the element is returned unchanged.
std::string entry_line(std::string_view element);

}  // namespace cli
