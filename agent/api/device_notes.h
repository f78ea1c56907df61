#pragma once

// The notes of one snapshot as a device sees them: which of them it lacks, and which of its values
// are in conflict. State based: the live values decide, no log is read.
//
// What a device has received is a number for each actor: every note that the actor wrote with a
// change up to this number, and that is still shown, was given to the device or is its own. A value
// that is hidden counts as received: the device was given the one that hides it, whose stamp is
// higher, so it would not take the hidden one.

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "agent/api/acknowledged.h"
#include "agent/api/device_messages.h"
#include "agent/api/map_registers.h"

namespace agent {

inline constexpr const char* kDeviceDoor = "device";

// A register of the notes: what is shown, and what has the same time and another value.
struct Note {
  crdt::Dot dot;     // of what is shown
  NoteChange shown;  // `value` is empty for a removal, of which devices are told nothing
  std::vector<NoteChange> ties;
};
Note note_of(const store::Actors& actors, const MapRegister& found);

struct DeviceView {
  bool known = false;         // the mesh knows what the device has received
  Acknowledged acknowledged;  // what it has received, as the mesh knows
  Acknowledged received;      // what it will have when it gets `changes`
  bool more = false;          // changes are left; ask again with `received`
  // Some changes were left out because of `last_ack`. `received` does not have them.
  bool left_out = false;
  std::vector<std::string> changes;    // texts of notes, by timestamp
  std::vector<std::string> conflicts;  // texts of those with a value that the device lacks
};
struct DeviceQuestion {
  std::string device;
  Acknowledged received;  // besides what the mesh knows
  // If the device is not known: it has got everything up to here, from another mesh.
  std::optional<std::int64_t> last_ack;
};
base::Result<DeviceView> read_device(store::Reader& reader, const DeviceQuestion& question);

}  // namespace agent
