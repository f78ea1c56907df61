#pragma once

// An entry of the catalog as one line of JSON: what `ls -o jsonl` writes and `import` reads
// (docs/cli.md, "Export and import").

#include <string>
#include <string_view>

namespace cli {

// Of an element {"id","metadata"} of GET /catalog/query: {"id":…, fields}. Where that would be read
// as something else, because a field is called `id` or the only one is an object called `metadata`,
// the element itself.
std::string entry_line(std::string_view element);

}  // namespace cli
