#include "tools/cli/entry_write.h"

#include <fmt/format.h>

#include "tools/cli/json_text.h"
#include "tools/cli/shape.h"
#include "tools/cli/url.h"

namespace cli {

int write_entry(Session& session, const EntryRequest& request, const std::string& body) {
  auto path = fmt::format("/{}/{}/{}", request.object, request.verb, percent_encode(request.id));
  auto answer = session.client.send(request.method, path, body);
  if (!answer.ok()) return fail(answer.error());
  bool ours = unquote(field(answer->body, "id")) == request.id &&
              unquote(field(answer->body, "status")) == request.status;
  if (!ours) return foreign_answer(session, request.method + " " + path);
  if (!session.printer.is_table()) {
    session.printer.answer(answer->body);
  } else {
    session.printer.line(fmt::format("{} {}", request.status, request.id));
  }
  return kDone;
}

int empty_id() { return usage_error("an id has 1 to 512 bytes"); }

}  // namespace cli
