#include "agent/api/text_elements.h"

#include <charconv>
#include <utility>

#include "agent/api/body.h"
#include "agent/api/json_text.h"
#include "agent/api/limits.h"
#include "agent/replica/store_view.h"
#include "crdt/slot.h"

namespace agent {
namespace {

base::Result<crdt::DotRun> run_of(const std::string& text) {
  if (text.front() != '{')
    return base::invalid("it must be an id, or a run such as {\"dot\":…,\"len\":…}");
  ASSIGN_OR_RETURN(const crdt::Members members, crdt::object_members(text));
  RETURN_IF_ERROR(check_members(members, "the run", {"dot", "len", "changes"}));
  ASSIGN_OR_RETURN(const std::string name, string_member(members, "dot"));
  const auto dot = crdt::Dot::from_text(name);
  if (!dot || dot->seq == 0) {
    return base::invalid("\"dot\" must be <actor>:<seq>:<index>, and is " + name.substr(0, 80));
  }
  ASSIGN_OR_RETURN(const std::uint64_t length, number_member(members, "len", UINT32_MAX));
  std::uint64_t changes = 1;
  if (find_member(members, "changes")) {
    ASSIGN_OR_RETURN(changes, number_member(members, "changes", UINT32_MAX));
  }
  crdt::DotRun run{dot->actor, dot->seq, dot->index};
  run.count = static_cast<std::uint32_t>(length);
  run.changes = static_cast<std::uint32_t>(changes);
  if (crdt::are_ordered(std::span(&run, 1))) return run;
  return base::invalid("it is empty, or its numbers are too large");
}

// An id, a temporary id, or a run.
base::Status add_element(const std::string& text, crdt::TextErase& erase) {
  if (text.front() != '"') {
    ASSIGN_OR_RETURN(const crdt::DotRun run, run_of(text));
    erase.elements.push_back(run);
    return {};
  }
  const std::string name = crdt::json_unquote(text);
  ASSIGN_OR_RETURN(const auto temporary, temporary_id(name));
  const auto dot = temporary ? std::nullopt : crdt::Dot::from_text(name);
  if (temporary) {
    erase.new_elements.push_back(*temporary);
  } else if (dot && dot->seq > 0) {
    erase.elements.push_back({dot->actor, dot->seq, dot->index});
  } else {
    return base::invalid("an id is <actor>:<seq>:<index> or ~N.k, and this is " +
                         name.substr(0, 80));
  }
  return {};
}

void append_run(std::string& out, const crdt::DotRun& run) {
  if (out.size() > 1) out += ',';
  JsonObject object;
  object.text("dot", crdt::Dot{run.actor, run.seq, run.index}.text()).number("len", run.count);
  if (run.changes > 1) object.number("changes", run.changes);
  out += object.take();
}

}  // namespace

base::Result<std::optional<crdt::TemporaryId>> temporary_id(std::string_view text) {
  if (!text.starts_with('~')) return std::optional<crdt::TemporaryId>();
  crdt::TemporaryId id;
  const char* end = text.data() + text.size();
  const auto op = std::from_chars(text.data() + 1, end, id.op);
  if (op.ec == std::errc() && op.ptr != end && *op.ptr == '.') {
    const auto element = std::from_chars(op.ptr + 1, end, id.element);
    if (element.ec == std::errc() && element.ptr == end) return std::optional(id);
  }
  return base::invalid(
      "a temporary id is ~N.k (element k of the insert that is op N), and this is " +
      std::string(text.substr(0, 40)));
}

base::Result<crdt::TextErase> elements_member(const crdt::Members& op) {
  const std::string* array = find_member(op, "elements");
  if (!array || array->front() != '[') return base::invalid("\"elements\" must be an array");
  ASSIGN_OR_RETURN(const std::vector<std::string> texts, crdt::array_elements(*array));
  if (texts.empty()) return base::invalid("\"elements\" names no element");
  crdt::TextErase erase;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const base::Status added = add_element(texts[i], erase);
    if (!added.ok()) {
      return base::invalid("element " + std::to_string(i) +
                           " of \"elements\": " + added.error().message);
    }
  }
  erase.elements = crdt::ordered_runs(std::move(erase.elements));
  return erase;
}

std::string elements_text(const crdt::DotRuns& runs) {
  std::string out = "[";
  for (const crdt::DotRun& run : runs) append_run(out, run);
  return out + "]";
}

base::Result<std::string> shown_elements(store::Reader& reader, const Place& place) {
  std::string out = "[";
  StoreView view(reader.cells(), place.object);
  ASSIGN_OR_RETURN(const crdt::Sequence* text,
                   view.text(place.path, [](const crdt::Sequence& part) { part.need_all(); }));
  if (text == nullptr) return out + "]";  // a text in which nothing was ever inserted
  text->visit({}, [&](const crdt::TextRun& run) {
    if (run.live) append_run(out, run.dots);
    return out.size() <= kAnswerBytesMax;
  });
  if (out.size() <= kAnswerBytesMax) return out + "]";
  return base::Error{base::Code::kTooLarge,
                     "the elements of " + place.object + " are larger than 8 MiB"};
}

}  // namespace agent
