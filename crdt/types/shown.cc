#include "crdt/types/shown.h"

#include <algorithm>
#include <utility>

#include "crdt/types/counter.h"
#include "crdt/types/or_set.h"
#include "crdt/types/places.h"
#include "crdt/types/register.h"

namespace crdt {
namespace {

// A value that grows while slots are visited. It forgets its text when it gets too large.
class Piece {
 public:
  bool is_there() const { return there_; }
  bool is_too_large() const { return too_large_; }
  void add(char opening, std::string_view text, std::size_t bytes_max) {
    if (too_large_) return;
    text_ += text_.empty() ? opening : ',';  // the marker may have come first
    there_ = true;
    text_ += text;
    if (text_.size() >= bytes_max) overflow();
  }
  void overflow() {
    there_ = too_large_ = true;
    text_ = {};
  }
  void exists() { there_ = true; }
  std::string closed(char opening, char closing) {
    if (text_.empty()) text_ += opening;
    return std::move(text_) + closing;
  }

 private:
  std::string text_;
  bool there_ = false;
  bool too_large_ = false;
};

// A place whose slots are not all visited yet.
struct Open {
  std::string name;                  // its last component
  std::optional<ShownPlace> single;  // of the types whose slot is at the place itself
  Piece elements;
  Piece members;
};

// Slots come in order of path, so the open places are those on the way to the last slot.
class Reading {
 public:
  Reading(View& view, const Path& path, std::optional<SlotType> type, std::size_t bytes_max)
      : view_(view), path_(path), type_(type), bytes_max_(bytes_max) {
    open_.emplace_back();
  }

  base::Result<std::optional<ShownPlace>> run() {
    const auto visit = [&](const Slot& slot, const Cells& cells) { return take(slot, cells); };
    RETURN_IF_ERROR(each_below(view_, path_, visit));
    RETURN_IF_ERROR(close_to(1));
    auto [shown, is_too_large] = closed(open_.front());
    if (is_too_large) return too_large();
    return std::move(shown);
  }

 private:
  base::Result<bool> take(const Slot& slot, const Cells& cells) {
    const auto depth = depth_of(slot);
    if (!depth || *depth < path_.size()) return true;
    const SlotType at_root = *depth > path_.size() ? SlotType::kMap : slot.type;
    if (type_ && *type_ != at_root) return true;
    // An element has the path of a member of the same name, which may be open.
    std::size_t common = path_.size();
    while (common < slot.path.size() && common - path_.size() + 1 < open_.size() &&
           open_[common - path_.size() + 1].name == slot.path[common]) {
      ++common;
    }
    RETURN_IF_ERROR(close_to(common - path_.size() + 1));
    for (std::size_t i = common; i < *depth; ++i) open_.emplace_back().name = slot.path[i];
    RETURN_IF_ERROR(add(open_[*depth - path_.size()], slot, cells));
    return true;
  }

  base::Status add(Open& place, const Slot& slot, const Cells& cells) {
    switch (slot.type) {
      case SlotType::kOrSet:
        if (cells.empty()) return {};
        place.elements.exists();
        if (slot.path.back().empty()) return {};
        if (const std::string element = element_value(cells); !element.empty()) {
          place.elements.add('[', element, bytes_max_);
        }
        return {};
      case SlotType::kMap:
        if (!cells.empty()) place.members.exists();
        return {};
      case SlotType::kSeq: {
        ASSIGN_OR_RETURN(const std::string text, view_.shown_text(slot.path));
        if (!cells.empty() || !text.empty()) place.single = {slot.type, json_quote(text)};
        return {};
      }
      case SlotType::kLwwRegister:
      case SlotType::kMvRegister:
        if (auto value = register_value(cells, slot.type)) place.single = {slot.type, *value};
        return {};
      default:
        if (!cells.empty()) place.single = {slot.type, counter_value(cells, slot)};
        return {};
    }
  }

  base::Error too_large() const {
    std::string place;
    for (const std::string& component : path_) place += "/" + component;
    return {base::Code::kTooLarge, "the value at \"" + view_.object() + place +
                                       "\" has more than " + std::to_string(bytes_max_) +
                                       " bytes; read the places in it one by one, by path"};
  }

  struct Closed {
    std::optional<ShownPlace> shown;
    bool is_too_large = false;
  };
  // What is shown of a place that is complete.
  Closed closed(Open& place) {
    Closed result{std::move(place.single)};
    if (place.elements.is_there() && (!result.shown || result.shown->type < SlotType::kOrSet)) {
      result.is_too_large = place.elements.is_too_large();
      result.shown = {SlotType::kOrSet, place.elements.closed('[', ']')};
    }
    if (place.members.is_there() && (!result.shown || result.shown->type < SlotType::kMap)) {
      result.is_too_large = place.members.is_too_large();
      result.shown = {SlotType::kMap, place.members.closed('{', '}')};
    }
    if (result.shown && result.shown->value.size() > bytes_max_) result.is_too_large = true;
    return result;
  }

  // Closes places until `count` are open.
  base::Status close_to(std::size_t count) {
    while (open_.size() > count) {
      const auto [shown, is_too_large] = closed(open_.back());
      const std::string name = std::move(open_.back().name);
      open_.pop_back();
      if (!shown) continue;
      Piece& members = open_.back().members;
      if (is_too_large) {
        members.overflow();
      } else {
        members.add('{', json_quote(name) + ':' + shown->value, bytes_max_);
      }
      // Only a text hides a map, and a text comes before everything below it.
      if (members.is_too_large() && std::none_of(open_.begin(), open_.end(), is_text)) {
        return too_large();
      }
    }
    return {};
  }

  static bool is_text(const Open& place) {
    return place.single && place.single->type == SlotType::kSeq;
  }

  View& view_;
  const Path& path_;
  const std::optional<SlotType> type_;
  const std::size_t bytes_max_;
  std::vector<Open> open_;  // the place at the path first
};

}  // namespace

base::Result<std::optional<ShownPlace>> shown_at(View& view, const Path& path,
                                                 std::optional<SlotType> type,
                                                 std::size_t bytes_max) {
  return Reading(view, path, type, bytes_max).run();
}

}  // namespace crdt
