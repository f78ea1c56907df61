#pragma once

// Cursors of texts over HTTP: GET /v1/objects/{id}/{path…} with ?cursor_at=POSITION or ?cursor=ID,
// and &unit=utf16. docs/api.md has the answer.

#include <optional>
#include <string_view>

#include "agent/api/place.h"
#include "agent/http/message.h"
#include "crdt/types/op.h"
#include "store/store.h"

namespace agent {

inline constexpr std::string_view kStart = "start";  // the cursor before the first element

// "code_point" or "utf16"; else kInvalid.
base::Result<crdt::TextUnit> text_unit(std::string_view name);
// The element of a cursor: "<actor>:<seq>:<index>", or nullopt for "start". kInvalid for other
// texts; `what` names it in the message.
base::Result<std::optional<crdt::Dot>> cursor_element(std::string_view what, std::string_view text);

// What the parameters of a request ask for.
struct CursorQuery {
  std::optional<std::uint64_t> at;  // a position; otherwise the cursor behind `after`
  std::optional<crdt::Dot> after;   // nullopt: the start
  crdt::TextUnit unit = crdt::TextUnit::kCodePoint;
};
// Nullopt: the request asks for no cursor. kInvalid when it contradicts itself.
base::Result<std::optional<CursorQuery>> cursor_query(const http::Target& target);
// 404 where no text is shown, 422 for a position or an element that the text does not have.
http::Response cursor_response(store::Reader& reader, const Place& place, const CursorQuery& query);

}  // namespace agent
