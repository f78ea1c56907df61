#include "agent/api/event_text.h"

#include <charconv>

#include "agent/api/json_text.h"
#include "agent/api/text_cursors.h"
#include "agent/api/text_elements.h"
#include "crdt/slot.h"

namespace agent {
namespace {

template <typename Number>
bool take_number(std::string_view& text, Number& number) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

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

std::string message(std::string_view id, std::string_view event, std::string_view data) {
  std::string text = "id: ";
  text += id;
  text += "\nevent: ";
  text += event;
  text += "\ndata: ";
  text += data;
  text += "\n\n";
  return text;
}

}  // namespace

std::string Cursor::text() const {
  return node + "-" + std::to_string(position) + "-" + std::to_string(remaining);
}

std::optional<Cursor> Cursor::parse(std::string_view text) {
  Cursor cursor;
  std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  cursor.node = text.substr(0, dash);
  text.remove_prefix(dash + 1);
  if (!take_number(text, cursor.position) || !text.starts_with('-')) return std::nullopt;
  text.remove_prefix(1);
  if (!take_number(text, cursor.remaining) || !text.empty()) return std::nullopt;
  return cursor;
}

std::vector<RenderedEvent> render_events(const std::vector<Event>& events,
                                         std::string_view node_short) {
  std::vector<RenderedEvent> rendered(events.size());
  Cursor cursor{std::string(node_short), 0, 0};
  for (std::size_t i = events.size(); i-- > 0;) {  // backwards, to count the events that follow
    const Event& event = events[i];
    cursor.remaining = event.position == cursor.position ? cursor.remaining + 1 : 0;
    cursor.position = event.position;
    rendered[i] = {event.position, event.object, message(cursor.text(), "change", data_of(event))};
  }
  return rendered;
}

std::string start_text(const Cursor& at) { return "id: " + at.text() + "\n\n"; }

std::string reset_text(const Cursor& at, std::string_view reason) {
  return message(at.text(), "reset", JsonObject().text("reason", reason).take());
}

}  // namespace agent
