#include "agent/api/text_elements.h"

#include "agent/api/body.h"
#include "agent/api/json_text.h"
#include "agent/api/limits.h"
#include "agent/replica/store_view.h"
#include "crdt/slot.h"

namespace agent {
namespace {

base::Result<crdt::DotRun> run_of(const std::string& text) {
  if (text.front() != '{') return base::invalid("it must be a JSON object");
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

void append_run(std::string& out, const crdt::DotRun& run) {
  if (out.size() > 1) out += ',';
  JsonObject object;
  object.text("dot", crdt::Dot{run.actor, run.seq, run.index}.text()).number("len", run.count);
  if (run.changes > 1) object.number("changes", run.changes);
  out += object.take();
}

}  // namespace

base::Result<crdt::DotRuns> elements_member(const crdt::Members& op) {
  const std::string* array = find_member(op, "elements");
  if (!array || array->front() != '[')
    return base::invalid("\"elements\" must be an array of runs");
  ASSIGN_OR_RETURN(const std::vector<std::string> texts, crdt::array_elements(*array));
  if (texts.empty()) return base::invalid("\"elements\" names no element");
  crdt::DotRuns runs;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    auto run = run_of(texts[i]);
    if (!run.ok()) {
      return base::invalid("run " + std::to_string(i) + " of \"elements\": " + run.error().message);
    }
    runs.push_back(*run);
  }
  return crdt::ordered_runs(std::move(runs));
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
