#pragma once

// What people meant: an oracle of the types that shares no code with the product. Each thing that
// somebody does is a list of events. An event says something (a value, an element, an amount, a
// letter, "this container is there"), and undoes events that its author saw and meant to take back.
// What a reader sees is made of the events that reached it and that nobody who reached it has
// undone.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace intent {

using Place = std::vector<std::string>;

// The order is that of what is shown when several are at one place: the last one.
enum class Kind { kGrow, kCount, kValue, kValues, kSet, kMap, kText };

struct Event {
  Kind kind = Kind::kValue;
  Place place;
  bool says = true;         // false: it only undoes
  bool is_there = false;    // "the container is there"
  std::string what;         // a value, an element or a letter
  std::int64_t amount = 0;  // of a counter
  std::set<std::size_t> undoes;
  // Which of two concurrent values is the later one: time, then a step above what was seen, then
  // who, then what they did when.
  std::int64_t time = 0;
  std::int64_t step = 0;
  int who = 0;
  std::int64_t when = 0;
  std::int64_t letter = 0;  // the number of the letter in what they did
  // A letter is a child of another one (none: of the start), to its left or right.
  std::optional<std::size_t> parent;
  bool right = true;
};

class Person;

// All events that ever happened.
struct World {
  std::vector<Event> events;
};

class Person {
 public:
  Person(World& world, int who) : world_(world), who_(who) {}

  // Each returns the new events. `time` is the person's clock; `when` counts what the person did.
  // `letter` is the first number of a text's letters in that.
  using Events = std::vector<std::size_t>;
  Events set(const Place& place, Kind kind, const std::string& value, std::int64_t time);
  Events count(const Place& place, Kind kind, std::int64_t amount);
  Events add(const Place& place, const std::string& element);
  Events remove(const Place& place, const std::string& element);
  Events insert(const Place& place, std::size_t at, const std::string& text, std::int64_t letter);
  Events erase(const Place& place, std::size_t at, std::size_t length);
  Events unset(const Place& place);
  Events replace_value(const Place& place, Kind kind, const std::string& value, std::int64_t time);
  Events replace_count(const Place& place, Kind kind, std::int64_t amount);
  Events replace_set(const Place& place, const std::set<std::string>& elements);
  Events replace_map(const Place& place, const std::vector<std::string>& keys,
                     const std::string& value, std::int64_t time);
  Events replace_text(const Place& place, const std::string& text, std::int64_t letter);

  void hear(const Events& events) { seen_.insert(events.begin(), events.end()); }

  // JSON text; nullopt when nothing is there.
  std::optional<std::string> read(const Place& place) const;
  std::optional<std::string> read(const Place& place, Kind kind) const;
  std::string text(const Place& place) const;
  std::size_t facts() const;  // all that is said and not undone, without letters
  std::int64_t sum(const Place& place, Kind kind) const;
  std::int64_t now = 0;

 private:
  Events did(std::vector<Event> events);
  std::set<std::size_t> live() const;
  std::set<std::size_t> live_at(const Place& place, Kind kind, bool is_there) const;
  std::set<std::size_t> live_within(const Place& place) const;
  Event said(Kind kind, const Place& place, const std::string& what) const;
  void later_than(Event& event, const std::set<std::size_t>& others, std::int64_t time) const;
  void make_there(const Place& place, Kind kind, std::vector<Event>& events) const;
  std::vector<std::size_t> letters(const Place& place) const;  // all, in their order
  void type(const Place& place, std::size_t at, const std::string& text, std::int64_t letter,
            std::vector<Event>& events) const;

  World& world_;
  int who_;
  std::set<std::size_t> seen_;
};

}  // namespace intent
