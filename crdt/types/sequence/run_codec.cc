#include "crdt/types/sequence/run_codec.h"

#include <map>

#include "crdt/types/sequence/columns.h"

namespace crdt {
namespace {

// Where the parent of a run is found.
enum class ParentIs : std::uint8_t {
  kStart = 0,   // the start of the text
  kBefore = 1,  // the element before it, of the same actor
  kLeft = 2,    // the last element of the run to its left
  kNext = 3,    // the first element of the run to its right
  kOther = 4,   // written out
};
constexpr unsigned kRight = 1;
constexpr unsigned kLive = 2;
constexpr unsigned kForks = 4;
constexpr unsigned kSameActor = 8;
constexpr unsigned kParentShift = 4;

ParentIs place_of_parent(std::span<const Run> runs, std::size_t i) {
  const Run& run = runs[i];
  if (run.parent.is_root()) return ParentIs::kStart;
  if (run.parent.plus(1) == run.first) return ParentIs::kBefore;
  if (i > 0 && run.parent == runs[i - 1].last()) return ParentIs::kLeft;
  if (i + 1 < runs.size() && run.parent == runs[i + 1].first) return ParentIs::kNext;
  return ParentIs::kOther;
}

std::int64_t difference(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int64_t>(a) - static_cast<std::int64_t>(b);
}

}  // namespace

base::Bytes encode_runs(std::span<const Run> runs, std::span<const FarChild> far_children) {
  Column flags;
  Column actors;
  Column numbers;
  Column lengths;
  Column parents;
  std::map<std::uint32_t, std::uint32_t> ends;  // of the last run of each actor
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const Run& run = runs[i];
    const bool same = i > 0 && run.first.actor == runs[i - 1].first.actor;
    const ParentIs parent = place_of_parent(runs, i);
    flags.add((run.right ? kRight : 0) | (run.live ? kLive : 0) | (run.forks ? kForks : 0) |
              (same ? kSameActor : 0) | static_cast<unsigned>(parent) << kParentShift);
    if (!same) actors.add(run.first.actor);
    std::uint32_t& end = ends[run.first.actor];
    numbers.add_signed(difference(run.first.number, end));
    end = run.first.number + run.length;
    lengths.add(run.length);
    if (parent == ParentIs::kOther) {
      parents.add(run.parent.actor);
      parents.add_signed(difference(run.parent.number, run.first.number));
    }
  }
  Column far;
  for (const FarChild& one : far_children) {
    far.add(one.parent.actor);
    far.add(one.parent.number);
    far.add(std::uint64_t{one.child.actor} << 1 | (one.right ? 1 : 0));
    far.add(one.child.number);
  }
  Column count;
  count.add(runs.size());
  base::Bytes out;
  for (const Column* column : {&count, &flags, &actors, &numbers, &lengths, &parents, &far}) {
    column->append_to(out);
  }
  return out;
}

namespace {

class RunDecoder {
 public:
  RunDecoder(base::BytesView bytes, std::uint32_t actors)
      : all_(bytes),
        count_(all_.column()),
        flags_(all_.column()),
        actors_(all_.column()),
        numbers_(all_.column()),
        lengths_(all_.column()),
        parents_(all_.column()),
        far_(all_.column()),
        ends_(actors) {}

  base::Result<Skeleton> skeleton() {
    const std::uint64_t count = count_.next();
    Skeleton skeleton;
    for (std::uint64_t i = 0; i < count && sound(); ++i) add(skeleton.runs);
    if (!skeleton.runs.empty() && next_is_parent_) sound_ = false;
    while (sound() && !far_.at_end()) add_far_child(skeleton.far_children);
    const bool complete = all_.at_end() && flags_.at_end() && actors_.at_end() &&
                          numbers_.at_end() && lengths_.at_end() && parents_.at_end() &&
                          far_.at_end();
    if (!sound() || !complete) return base::invalid("decode runs of a text: malformed");
    return skeleton;
  }

 private:
  bool sound() const {
    return sound_ && all_.ok() && count_.ok() && flags_.ok() && actors_.ok() && numbers_.ok() &&
           lengths_.ok() && parents_.ok() && far_.ok();
  }

  void add_far_child(std::vector<FarChild>& children) {
    const std::uint64_t parent = far_.next();
    const std::uint64_t parent_number = far_.next();
    const std::uint64_t child_and_side = far_.next();
    const std::uint64_t child_number = far_.next();
    sound_ = sound_ && parent < ends_.size() && (child_and_side >> 1) < ends_.size() &&
             parent_number < UINT32_MAX && child_number < UINT32_MAX;
    if (!sound()) return;
    children.push_back(
        {{static_cast<std::uint32_t>(parent), static_cast<std::uint32_t>(parent_number)},
         (child_and_side & 1) != 0,
         {static_cast<std::uint32_t>(child_and_side >> 1),
          static_cast<std::uint32_t>(child_number)}});
  }

  // The distance of two numbers of elements.
  std::int64_t step(ColumnReader& column) {
    const std::int64_t value = column.next_signed();
    if (value > -std::int64_t{UINT32_MAX} && value < std::int64_t{UINT32_MAX}) return value;
    sound_ = false;
    return 0;
  }

  void add(std::vector<Run>& runs) {
    const std::uint64_t flags = flags_.next();
    Run run;
    run.right = (flags & kRight) != 0 ? 1 : 0;
    run.live = (flags & kLive) != 0 ? 1 : 0;
    run.forks = (flags & kForks) != 0 ? 1 : 0;
    const bool same = (flags & kSameActor) != 0;
    if (same && runs.empty()) sound_ = false;
    const std::uint64_t actor = same && sound_ ? runs.back().first.actor : actors_.next();
    if (actor >= ends_.size()) {
      sound_ = false;
      return;
    }
    const std::int64_t number = std::int64_t{ends_[actor]} + step(numbers_);
    const std::uint64_t length = lengths_.next();
    // An element's number is below 2^32, and so is the one behind the run.
    const bool fits = number >= 0 && length > 0 && length <= Run::kLengthMax &&
                      static_cast<std::uint64_t>(number) + length < UINT32_MAX;
    if (!fits || !sound()) {
      sound_ = false;
      return;
    }
    run.first = {static_cast<std::uint32_t>(actor), static_cast<std::uint32_t>(number)};
    run.length = static_cast<std::uint32_t>(length) & Run::kLengthMax;
    ends_[run.first.actor] = run.first.number + run.length;
    if (next_is_parent_) runs.back().parent = run.first;
    next_is_parent_ = false;
    set_parent(static_cast<ParentIs>(flags >> kParentShift), runs, run);
    runs.push_back(run);
  }

  void set_parent(ParentIs parent, const std::vector<Run>& runs, Run& run) {
    switch (parent) {
      case ParentIs::kStart:
        run.parent = {};
        return;
      case ParentIs::kBefore:
        sound_ = sound_ && run.first.number > 0;
        run.parent = {run.first.actor, run.first.number - 1};
        return;
      case ParentIs::kLeft:
        sound_ = sound_ && !runs.empty();
        if (sound_) run.parent = runs.back().last();
        return;
      case ParentIs::kNext:
        next_is_parent_ = true;
        return;
      case ParentIs::kOther: {
        const std::uint64_t actor = parents_.next();
        const std::int64_t number = run.first.number + step(parents_);
        sound_ = sound_ && actor < ends_.size() && number >= 0 && number < UINT32_MAX;
        run.parent = {static_cast<std::uint32_t>(actor), static_cast<std::uint32_t>(number)};
        return;
      }
    }
    sound_ = false;
  }

  ColumnReader all_;
  ColumnReader count_;
  ColumnReader flags_;
  ColumnReader actors_;
  ColumnReader numbers_;
  ColumnReader lengths_;
  ColumnReader parents_;
  ColumnReader far_;
  std::vector<std::uint32_t> ends_;  // of the last run of each actor
  bool next_is_parent_ = false;
  bool sound_ = true;
};

}  // namespace

base::Result<Skeleton> decode_runs(base::BytesView bytes, std::uint32_t actors) {
  return RunDecoder(bytes, actors).skeleton();
}

}  // namespace crdt
