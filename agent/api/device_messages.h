#pragma once

// The messages of device sync (docs/api.md, "Device sync"). Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/replica/requests.h"
#include "crdt/base/result.h"

namespace agent {

inline constexpr const char* kNotesObject = "notes";

// A note as devices see it. `value` is a JSON string.
struct NoteChange {
  std::string key;
  std::string value;
  std::int64_t timestamp = 0;
  std::string device;  // that wrote it
};

struct DeviceMessage {
  enum class Kind : std::uint8_t { kPush, kAck, kSubscribe } kind = Kind::kPush;
  WriteObject changes{kNotesObject, {}};  // of a push; may have no operation
  // Of a push: the ack_timestamp of the last answer that the device has. Of an ack: the one that it
  // acknowledges.
  std::int64_t last_ack = 0;
  std::int64_t ack_timestamp = 0;  // of the answer to a push: the highest timestamp, or last_ack
};
// All or nothing. kInvalid names the change that is wrong; kTooLarge above kDeviceMessageMax bytes
// or kDeviceChangesMax changes. Members that are not known are passed over.
base::Result<DeviceMessage> parse_device_message(std::string_view text);
// 1 to crdt::kWriterBytesMax bytes of UTF-8 without NUL.
base::Status check_device(std::string_view what, std::string_view device);

std::string note_text(const NoteChange& change);
// `changes`: texts of notes.
std::string sync_ack_text(std::int64_t ack_timestamp, const std::vector<std::string>& changes);
std::string sync_push_text(const std::vector<std::string>& changes);
std::string conflict_text(const NoteChange& winner, const NoteChange& loser);
std::string device_error_text(const base::Error& error);

}  // namespace agent
