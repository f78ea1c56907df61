#include "intent.h"

#include <algorithm>
#include <functional>
#include <map>
#include <tuple>

namespace intent {
namespace {

constexpr std::size_t kOwnIncrementsMax = 16;

bool within(const Place& outer, const Place& place) {
  return outer.size() <= place.size() && std::equal(outer.begin(), outer.end(), place.begin());
}

bool counts(Kind kind) { return kind == Kind::kGrow || kind == Kind::kCount; }

bool earlier(const Event& a, const Event& b) {
  return std::tie(a.time, a.step, a.who, a.when, a.letter) <
         std::tie(b.time, b.step, b.who, b.when, b.letter);
}

}  // namespace

std::set<std::size_t> Person::live() const {
  std::set<std::size_t> left = seen_;
  for (const std::size_t id : seen_) {
    for (const std::size_t undone : world_.events[id].undoes) left.erase(undone);
  }
  std::erase_if(left, [&](std::size_t id) { return !world_.events[id].says; });
  return left;
}

std::set<std::size_t> Person::live_at(const Place& place, Kind kind, bool is_there) const {
  std::set<std::size_t> found = live();
  std::erase_if(found, [&](std::size_t id) {
    const Event& event = world_.events[id];
    return event.place != place || event.kind != kind || event.is_there != is_there;
  });
  return found;
}

std::set<std::size_t> Person::live_within(const Place& place) const {
  std::set<std::size_t> found = live();
  std::erase_if(found, [&](std::size_t id) { return !within(place, world_.events[id].place); });
  return found;
}

Event Person::said(Kind kind, const Place& place, const std::string& what) const {
  Event event;
  event.kind = kind;
  event.place = place;
  event.what = what;
  event.who = who_;
  event.when = now;
  return event;
}

void Person::later_than(Event& event, const std::set<std::size_t>& others,
                        std::int64_t time) const {
  event.time = time;
  for (const std::size_t id : others) {
    const Event& other = world_.events[id];
    if (std::tie(event.time, event.step) <= std::tie(other.time, other.step)) {
      event.time = other.time;
      event.step = other.step + 1;
    }
  }
}

// Who puts something into a container that is not there makes it. Who writes below an object makes
// the object.
void Person::make_there(const Place& place, Kind kind, std::vector<Event>& events) const {
  const auto make = [&](const Place& at, Kind of) {
    if (!live_at(at, of, true).empty()) return;
    Event event = said(of, at, {});
    event.is_there = true;
    events.push_back(event);
  };
  if (kind >= Kind::kSet) make(place, kind);
  if (!place.empty()) make({}, Kind::kMap);
}

Person::Events Person::did(std::vector<Event> events) {
  Events ids;
  for (Event& event : events) {
    if (!event.says && event.undoes.empty()) continue;
    ids.push_back(world_.events.size());
    world_.events.push_back(std::move(event));
  }
  hear(ids);
  return ids;
}

Person::Events Person::set(const Place& place, Kind kind, const std::string& value,
                           std::int64_t time) {
  Event event = said(kind, place, value);
  event.undoes = live_at(place, kind, false);
  later_than(event, event.undoes, time);
  std::vector<Event> events{event};
  make_there(place, kind, events);
  return did(std::move(events));
}

Person::Events Person::count(const Place& place, Kind kind, std::int64_t amount) {
  const auto there = live_at(place, kind, false);
  if (amount == 0 && !there.empty()) return {};
  Event event = said(kind, place, {});
  event.amount = amount;
  std::set<std::size_t> own = there;
  std::erase_if(own, [&](std::size_t id) { return world_.events[id].who != who_; });
  // The sum of what the same person said before is said again in one.
  if (place.empty() || own.size() >= kOwnIncrementsMax) {
    for (const std::size_t id : own) event.amount += world_.events[id].amount;
    event.undoes = own;
  }
  std::vector<Event> events{event};
  make_there(place, kind, events);
  return did(std::move(events));
}

Person::Events Person::add(const Place& place, const std::string& element) {
  Event event = said(Kind::kSet, place, element);
  for (const std::size_t id : live_at(place, Kind::kSet, false)) {
    if (world_.events[id].what == element) event.undoes.insert(id);
  }
  std::vector<Event> events{event};
  make_there(place, Kind::kSet, events);
  return did(std::move(events));
}

Person::Events Person::remove(const Place& place, const std::string& element) {
  Event event = said(Kind::kSet, place, element);
  event.says = false;
  for (const std::size_t id : live_at(place, Kind::kSet, false)) {
    if (world_.events[id].what == element) event.undoes.insert(id);
  }
  return did({event});
}

Person::Events Person::unset(const Place& place) {
  Event event = said(Kind::kMap, place, {});
  event.says = false;
  event.undoes = live_within(place);
  return did({event});
}

Person::Events Person::replace_value(const Place& place, Kind kind, const std::string& value,
                                     std::int64_t time) {
  Event event = said(kind, place, value);
  later_than(event, live_at(place, kind, false), time);
  event.undoes = live_within(place);
  std::vector<Event> events{event};
  make_there(place, kind, events);
  return did(std::move(events));
}

Person::Events Person::replace_count(const Place& place, Kind kind, std::int64_t amount) {
  Event event = said(kind, place, {});
  event.amount = amount;
  event.undoes = live_within(place);
  std::vector<Event> events{event};
  make_there(place, kind, events);
  return did(std::move(events));
}

Person::Events Person::replace_set(const Place& place, const std::set<std::string>& elements) {
  Event gone = said(Kind::kSet, place, {});
  gone.says = false;
  std::set<std::string> missing = elements;
  for (const std::size_t id : live_within(place)) {
    const Event& event = world_.events[id];
    const bool here = event.place == place && event.kind == Kind::kSet;
    if (here && (event.is_there || elements.contains(event.what))) {
      if (!event.is_there) missing.erase(event.what);
    } else {
      gone.undoes.insert(id);
    }
  }
  std::vector<Event> events{gone};
  for (const std::string& element : missing) events.push_back(said(Kind::kSet, place, element));
  make_there(place, Kind::kSet, events);
  if (missing.empty() && events.size() == 1 && gone.undoes.empty()) return {};
  return did(std::move(events));
}

Person::Events Person::replace_map(const Place& place, const std::vector<std::string>& keys,
                                   const std::string& value, std::int64_t time) {
  Event gone = said(Kind::kMap, place, {});
  gone.says = false;
  gone.undoes = live_within(place);
  for (const std::size_t id : live_at(place, Kind::kMap, true)) gone.undoes.erase(id);
  std::vector<Event> events{gone};
  for (const std::string& key : keys) {
    Place at = place;
    at.push_back(key);
    Event event = said(Kind::kValue, at, value);
    later_than(event, live_at(at, Kind::kValue, false), time);
    events.push_back(event);
  }
  make_there(place, Kind::kMap, events);
  return did(std::move(events));
}

Person::Events Person::replace_text(const Place& place, const std::string& text,
                                    std::int64_t letter) {
  Event gone = said(Kind::kText, place, {});
  gone.says = false;
  gone.undoes = live_within(place);
  for (const std::size_t id : live_at(place, Kind::kText, true)) gone.undoes.erase(id);
  std::vector<Event> events{gone};
  type(place, 0, text, letter, events);
  make_there(place, Kind::kText, events);
  return did(std::move(events));
}

// --- Texts: Fugue order from its definition ------------------------------------------------------

std::vector<std::size_t> Person::letters(const Place& place) const {
  std::map<std::optional<std::size_t>, std::map<bool, std::vector<std::size_t>>> children;
  for (const std::size_t id : seen_) {
    const Event& event = world_.events[id];
    if (event.kind != Kind::kText || event.place != place || !event.says || event.is_there)
      continue;
    children[event.parent][event.right].push_back(id);
  }
  const auto by_name = [&](std::size_t a, std::size_t b) {
    const Event& x = world_.events[a];
    const Event& y = world_.events[b];
    return std::tie(x.who, x.when, x.letter) < std::tie(y.who, y.when, y.letter);
  };
  std::vector<std::size_t> order;
  const std::function<void(std::optional<std::size_t>)> walk =
      [&](std::optional<std::size_t> parent) {
        for (const bool right : {false, true}) {
          auto& side = children[parent][right];
          std::sort(side.begin(), side.end(), by_name);
          if (right && parent) order.push_back(*parent);
          for (const std::size_t child : side) walk(child);
        }
      };
  walk(std::nullopt);
  return order;
}

void Person::type(const Place& place, std::size_t at, const std::string& text, std::int64_t letter,
                  std::vector<Event>& events) const {
  if (text.empty()) return;
  const auto shown = live_at(place, Kind::kText, false);
  const std::vector<std::size_t> order = letters(place);
  std::optional<std::size_t> left;
  std::size_t next = 0;  // the place in `order` behind the left neighbour
  for (std::size_t i = 0, before = 0; i < order.size() && before < at; ++i) {
    if (!shown.contains(order[i])) continue;
    ++before;
    left = order[i];
    next = i + 1;
  }
  const bool has_right = std::any_of(order.begin(), order.end(), [&](std::size_t id) {
    return world_.events[id].right && world_.events[id].parent == left;
  });
  std::optional<std::size_t> parent = has_right ? std::optional(order[next]) : left;
  bool right = !has_right;
  // The events that undo or mark come first or later: did() gives numbers in the order of `events`.
  std::size_t id = world_.events.size();
  for (const Event& event : events) id += event.says || !event.undoes.empty() ? 1 : 0;
  for (const char c : text) {
    Event event = said(Kind::kText, place, std::string(1, c));
    event.letter = letter++;
    event.parent = parent;
    event.right = right;
    events.push_back(event);
    parent = id++;
    right = true;
  }
}

Person::Events Person::insert(const Place& place, std::size_t at, const std::string& text,
                              std::int64_t letter) {
  std::vector<Event> events;
  type(place, at, text, letter, events);
  if (events.empty()) return {};
  make_there(place, Kind::kText, events);
  return did(std::move(events));
}

Person::Events Person::erase(const Place& place, std::size_t at, std::size_t length) {
  Event event = said(Kind::kText, place, {});
  event.says = false;
  const auto shown = live_at(place, Kind::kText, false);
  std::size_t position = 0;
  for (const std::size_t id : letters(place)) {
    if (!shown.contains(id)) continue;
    if (position >= at && position < at + length) event.undoes.insert(id);
    ++position;
  }
  return did({event});
}

std::string Person::text(const Place& place) const {
  const auto shown = live_at(place, Kind::kText, false);
  std::string text;
  for (const std::size_t id : letters(place)) {
    if (shown.contains(id)) text += world_.events[id].what;
  }
  return text;
}

std::size_t Person::facts() const {
  const auto all = live();
  return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](std::size_t id) {
    return world_.events[id].kind != Kind::kText || world_.events[id].is_there;
  }));
}

// --- Reading -------------------------------------------------------------------------------------

std::int64_t Person::sum(const Place& place, Kind kind) const {
  std::int64_t sum = 0;
  for (const std::size_t id : live_at(place, kind, false)) sum += world_.events[id].amount;
  return sum;
}

std::optional<std::string> Person::read(const Place& place, Kind kind) const {
  const auto said_here = live_at(place, kind, false);
  if (kind < Kind::kSet && said_here.empty()) return std::nullopt;
  if (counts(kind)) return std::to_string(sum(place, kind));
  std::vector<Event> events;
  for (const std::size_t id : said_here) events.push_back(world_.events[id]);
  std::sort(events.begin(), events.end(),
            [](const Event& a, const Event& b) { return earlier(b, a); });
  if (kind == Kind::kValue) return events.front().what;
  const bool is_there = !live_at(place, kind, true).empty();
  std::vector<std::string> parts;
  if (kind == Kind::kText) {
    if (events.empty() && !is_there) return std::nullopt;
    return '"' + text(place) + '"';
  }
  std::set<std::string> names;
  for (const Event& event : events) {
    if (kind == Kind::kValues) parts.push_back(event.what);
    if (kind == Kind::kSet) names.insert(event.what);
  }
  if (kind == Kind::kMap) {
    for (const std::size_t id : live_within(place)) {
      const Place& at = world_.events[id].place;
      if (at.size() > place.size()) names.insert(at[place.size()]);
    }
  }
  for (const std::string& name : names) {
    Place at = place;
    at.push_back(name);
    if (kind == Kind::kSet) parts.push_back(name);
    if (kind == Kind::kMap) parts.push_back('"' + name + "\":" + *read(at));
  }
  if (parts.empty() && !is_there) return std::nullopt;
  std::string text(1, kind == Kind::kMap ? '{' : '[');
  for (const std::string& part : parts) text += (text.size() > 1 ? "," : "") + part;
  return text + (kind == Kind::kMap ? '}' : ']');
}

std::optional<std::string> Person::read(const Place& place) const {
  for (int kind = static_cast<int>(Kind::kText); kind >= 0; --kind) {
    if (auto value = read(place, static_cast<Kind>(kind))) return value;
  }
  return std::nullopt;
}

}  // namespace intent
