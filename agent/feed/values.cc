#include "agent/feed/values.h"

#include <algorithm>
#include <utility>

#include "agent/feed/limits.h"
#include "agent/replica/store_view.h"
#include "crdt/catalog/entry.h"
#include "crdt/types/shown.h"

namespace agent {
namespace {

class PageReader {
 public:
  PageReader(store::Reader& reader, const Filter& filter) : reader_(reader), filter_(filter) {}

  base::Result<ValuePage> read(const std::optional<ValueKey>& after) {
    ASSIGN_OR_RETURN(const store::Meta meta, reader_.meta());
    page_.position = meta.next_position - 1;
    std::string from;
    if (after) {
      if (crdt::is_catalog(after->object)) RETURN_IF_ERROR(catalog(after->object, after->entry));
      from = above(after->object);
    }
    while (!full_) {
      ASSIGN_OR_RETURN(const auto name, next_object(from));
      if (!name) {
        page_.next.reset();
        break;
      }
      RETURN_IF_ERROR(crdt::is_catalog(*name) ? catalog(*name, std::nullopt) : object(*name));
      from = above(*name);
    }
    return std::move(page_);
  }

 private:
  static std::string above(const std::string& name) { return store::key_above(name).first; }

  // The first object at or above `from` that passes.
  base::Result<std::optional<std::string>> next_object(std::string from) {
    for (;;) {
      const auto sought = filter_.next(from);
      if (!sought) return std::optional<std::string>();
      ASSIGN_OR_RETURN(const auto found,
                       reader_.cells().objects_from({*sought, crdt::SlotType()}, 1));
      if (found.empty()) return std::optional<std::string>();
      if (filter_.passes(found.front().name)) return std::optional(found.front().name);
      from = found.front().name;
    }
  }

  base::Status object(const std::string& name) {
    StoreView view(reader_.cells(), name);
    Value value{name, {}, crdt::SlotType::kMap, {}, false};
    auto shown = crdt::shown_at(view, {}, std::nullopt, kFeedValueMax);
    if (shown.ok() && *shown) {
      value.type = (*shown)->type;
      value.value = std::move((*shown)->value);
    } else if (!shown.ok()) {
      if (shown.error().code != base::Code::kTooLarge) return shown.error();
      value.large = true;
      ASSIGN_OR_RETURN(value.type, type_of(name));
    }
    const bool there = !shown.ok() || *shown;
    take({name, {}}, there ? std::optional(std::move(value)) : std::nullopt);
    return {};
  }

  // Of several types under one name the one with the highest number is shown (crdt::shown_at).
  base::Result<crdt::SlotType> type_of(const std::string& name) {
    crdt::SlotType type = crdt::SlotType::kMap;
    ASSIGN_OR_RETURN(const auto found,
                     reader_.cells().objects_from({name, crdt::SlotType()}, kTypesOfAName));
    for (const store::ObjectInfo& info : found) {
      if (info.name == name && info.cells > 0) type = info.type;
    }
    return type;
  }

  base::Status catalog(const std::string& name, std::optional<std::string_view> after) {
    return reader_.cells().scan(name, after, [&](const crdt::Entry& entry) {
      std::optional<Value> value;
      if (crdt::exists(entry)) {
        value = Value{name, {entry.id}, crdt::SlotType::kMap, crdt::shown_text(entry), false};
        value->large = value->value.size() > kFeedValueMax;
        if (value->large) value->value = {};
      }
      take({name, entry.id}, std::move(value));
      return !full_;
    });
  }

  void take(ValueKey key, std::optional<Value> value) {
    bytes_ += key.object.size() + key.entry.size() + (value ? value->value.size() : 0);
    page_.next = std::move(key);
    if (value) page_.values.push_back(std::move(*value));
    full_ = ++units_ >= kValuePageUnits || bytes_ >= kValuePageBytes;
  }

  static constexpr std::size_t kTypesOfAName = 8;

  store::Reader& reader_;
  const Filter& filter_;
  ValuePage page_;
  std::size_t units_ = 0;
  std::size_t bytes_ = 0;
  bool full_ = false;
};

}  // namespace

ValueKey key_of(const Event& event) {
  const bool entry = crdt::is_catalog(event.object) && !event.path.empty();
  return {event.object, entry ? event.path.front() : std::string()};
}

base::Result<ValuePage> read_values(store::Reader& reader, const Filter& filter,
                                    const std::optional<ValueKey>& after) {
  return PageReader(reader, filter).read(after);
}

void ValueCover::add(std::optional<ValueKey> upto, std::int64_t position) {
  const bool same = !parts_.empty() && parts_.back().position == position;
  if (same || parts_.size() >= kCoverPartsMax) {
    parts_.back().upto = std::move(upto);
  } else {
    parts_.push_back({std::move(upto), position});
  }
}

bool ValueCover::covers(const Event& event) const {
  const ValueKey key = key_of(event);
  const auto part = std::partition_point(
      parts_.begin(), parts_.end(), [&](const Part& one) { return one.upto && *one.upto < key; });
  return part != parts_.end() && event.position <= part->position;
}

}  // namespace agent
