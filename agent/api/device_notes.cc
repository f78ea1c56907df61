#include "agent/api/device_notes.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "agent/api/cell_text.h"
#include "agent/api/limits.h"

namespace agent {
namespace {

// A live value that the device may lack.
struct Item {
  crdt::Dot dot;
  std::string key;
  std::int64_t timestamp = 0;
  std::size_t bytes = 0;
  bool shown = false;  // to others than its own device
  bool alone = true;   // its register has no other value
};

NoteChange change_of(const store::Actors& actors, const std::string& key, const crdt::Cell& cell) {
  return {key, string_shown(cell), cell.stamp.time.nanos, writer_of(actors, cell)};
}

// The values that the device lacks, in the order of their dots.
struct Lacking {
  std::vector<Item> items;
  Acknowledged live;  // the highest number of each actor that has a live value
};

base::Result<Lacking> find_lacking(store::Reader& reader, const store::Actors& actors,
                                   const std::string& device, const Acknowledged& received) {
  Lacking lacking;
  RETURN_IF_ERROR(each_register(reader, kNotesObject, [&](const MapRegister& found) {
    for (const crdt::Cell& cell : found.cells) {
      lacking.live.raise(cell.dot.actor, cell.dot.seq);
      if (received.seq_of(cell.dot.actor) >= cell.dot.seq) continue;
      const bool shown = &cell == &found.cells.front() && !string_shown(cell).empty() &&
                         writer_of(actors, cell) != device;
      lacking.items.push_back({cell.dot, found.key, cell.stamp.time.nanos, cell.body.size(), shown,
                               found.cells.size() == 1});
    }
    return true;
  }));
  std::sort(lacking.items.begin(), lacking.items.end(),
            [](const Item& a, const Item& b) { return a.dot < b.dot; });
  return lacking;
}

bool of_one_change(const Item& a, const Item& b) {
  return a.dot.actor == b.dot.actor && a.dot.seq == b.dot.seq;
}

// Takes items up to the bound of a page, each change whole, and raises `received`. From a change on
// of which something is left out, the number of its actor stays.
std::set<std::string> take_page(const std::vector<Item>& items,
                                std::optional<std::int64_t> last_ack, DeviceView& view) {
  std::set<std::string> keys;
  std::set<base::ActorId> kept_back;
  std::size_t bytes = 0;
  for (std::size_t first = 0, end = 0; first < items.size(); first = end) {
    view.more = bytes > kDevicePageBytes;
    if (view.more) break;
    const base::ActorId& actor = items[first].dot.actor;
    for (end = first; end < items.size() && of_one_change(items[first], items[end]); ++end) {
      const Item& item = items[end];
      if (!item.shown) continue;
      if (last_ack && item.timestamp <= *last_ack) {
        kept_back.insert(actor);
        view.left_out = true;
      } else {
        keys.insert(item.key);
        bytes += item.bytes;
      }
    }
    if (!kept_back.contains(actor)) view.received.raise(actor, items[first].dot.seq);
  }
  return keys;
}

// Numbers of actors that have no live note any more would be kept for ever. Nothing depends on them
// where all changes up to the number are applied; an agent that lags gives some notes again.
void forget_old(const store::Actors& actors, const Acknowledged& live, Acknowledged& received) {
  std::erase_if(received.vector, [&](const auto& entry) {
    return !live.vector.contains(entry.first) && actors.vector().covers(entry.first, entry.second);
  });
}

void add_conflicts(const Note& note, const std::string& device, DeviceView& view) {
  for (const NoteChange& tie : note.ties) {
    if (note.shown.device != device && tie.device != device) continue;
    view.conflicts.push_back(conflict_text(note.shown, tie));
  }
}

}  // namespace

Note note_of(const store::Actors& actors, const MapRegister& found) {
  const crdt::Cell& first = found.cells.front();
  Note note{first.dot, change_of(actors, found.key, first), {}};
  if (note.shown.value.empty()) return note;
  for (auto cell = found.cells.begin() + 1; cell != found.cells.end(); ++cell) {
    if (cell->stamp.time != first.stamp.time) continue;
    NoteChange tie = change_of(actors, found.key, *cell);
    const auto same = [&](const NoteChange& one) {
      return one.value == tie.value && one.device == tie.device;
    };
    const bool again = std::any_of(note.ties.begin(), note.ties.end(), same);
    if (!tie.value.empty() && tie.value != note.shown.value && !again) {
      note.ties.push_back(std::move(tie));
    }
  }
  return note;
}

base::Result<DeviceView> read_device(store::Reader& reader, const DeviceQuestion& question) {
  DeviceView view;
  ASSIGN_OR_RETURN(const store::Actors* actors, reader.actors());
  ASSIGN_OR_RETURN(const crdt::Cells row,
                   reader.cells().cells_at(kAcknowledgedObject, {kDeviceDoor, question.device},
                                           crdt::SlotType::kLwwRegister));
  view.known = !row.empty();
  ASSIGN_OR_RETURN(view.acknowledged, read_acknowledged(reader, kDeviceDoor, question.device));
  view.received = view.acknowledged;
  view.received.join(question.received);
  ASSIGN_OR_RETURN(const Lacking lacking,
                   find_lacking(reader, *actors, question.device, view.received));
  const std::set<std::string> keys =
      take_page(lacking.items, view.known ? std::nullopt : question.last_ack, view);
  forget_old(*actors, lacking.live, view.received);
  forget_old(*actors, lacking.live, view.acknowledged);
  std::set<std::string> read = keys;
  for (const Item& item : lacking.items) {  // they may be in conflict
    if (!item.alone && read.size() < kDeviceChangesMax) read.insert(item.key);
  }
  ASSIGN_OR_RETURN(const auto found, registers_at(reader, kNotesObject, read));
  std::vector<NoteChange> changes;
  for (const MapRegister& one : found) {
    const Note note = note_of(*actors, one);
    if (keys.contains(one.key)) changes.push_back(note.shown);
    add_conflicts(note, question.device, view);
  }
  std::sort(changes.begin(), changes.end(), [](const NoteChange& a, const NoteChange& b) {
    return std::tie(a.timestamp, a.key) < std::tie(b.timestamp, b.key);
  });
  for (const NoteChange& change : changes) view.changes.push_back(note_text(change));
  return view;
}

}  // namespace agent
