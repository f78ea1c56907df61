#include "agent/api/event_text.h"

#include "agent/api/json_text.h"
#include "agent/api/text_cursors.h"
#include "agent/api/text_elements.h"
#include "crdt/slot.h"

namespace agent {
namespace {

std::string data_of(const Event& event) {
  const bool any_type = event.type == crdt::SlotType::kSubtree;
  JsonObject data;
  data.text("object", event.object)
      .raw("path", json_strings(event.path))
      .raw("type", any_type ? "null" : crdt::json_quote(crdt::type_name(event.type)))
      .text("op", event.op)
      .raw("value", event.value)
      .text("actor", event.actor.hex())
      .number("seq", event.seq)
      .text("stamp", stamp_text(event.time))
      .text("node", event.node);
  if (event.element) {
    data.text("dot", event.element->text())
        .text("after", event.after ? event.after->text() : std::string(kStart));
  }
  if (!event.erased.empty()) data.raw("elements", elements_text(event.erased));
  return data.take();
}

std::string message(std::string_view event, std::string_view data) {
  std::string text = "event: ";
  text += event;
  text += "\ndata: ";
  text += data;
  text += "\n\n";
  return text;
}

std::string id_line(const Cursor& at) { return "id: " + at.text() + "\n"; }

}  // namespace

std::string change_text(const Events& events, std::size_t index, std::string_view node_short) {
  return id_line(events.cursor(index, std::string(node_short))) +
         message("change", data_of(events.list()[index]));
}

std::vector<std::string> change_texts(const Events& events, std::string_view node_short) {
  std::vector<std::string> texts;
  texts.reserve(events.list().size());
  for (std::size_t i = 0; i < events.list().size(); ++i) {
    texts.push_back(change_text(events, i, node_short));
  }
  return texts;
}

std::string value_text(const Value& value) {
  JsonObject data;
  data.text("object", value.object)
      .raw("path", json_strings(value.path))
      .text("type", crdt::type_name(value.type))
      .raw("value", value.large ? "null" : value.value);
  if (value.large) data.boolean("large", true);
  return message("value", data.take());
}

std::string position_text(const Cursor& at) { return id_line(at) + "\n"; }

std::string reset_text(const std::optional<Cursor>& at, std::string_view reason) {
  return (at ? id_line(*at) : std::string()) +
         message("reset", JsonObject().text("reason", reason).take());
}

std::string up_to_date_text(const Cursor& at) { return id_line(at) + message("up-to-date", "{}"); }

}  // namespace agent
