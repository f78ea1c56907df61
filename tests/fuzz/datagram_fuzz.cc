// A hostile member, which has the mesh key, can put anything into a datagram. This tests the
// decoder of packets and all messages behind the seal. A message that is accepted must be within
// its bounds and must encode and decode to an equal one.

#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "crdt/base/check.h"
#include "gossip/wire/message.h"

namespace {

using namespace gossip::wire;  // NOLINT: a fuzz entry point is one file

void check_record(const gossip::MemberRecord& record) {
  CHECK(gossip::is_member_name(record.name));
  CHECK(gossip::state_name(record.state) != "unknown");
  CHECK(gossip::topology_name(record.topology) != "unknown");
}

void check_bounds(const Message& message) {
  if (const auto* ping = std::get_if<Ping>(&message)) {
    CHECK(ping->news.size() <= kRecordsPerDatagramMessage);
    for (const auto& record : ping->news) check_record(record);
  }
  if (const auto* members = std::get_if<Members>(&message)) {
    CHECK(members->records.size() <= kRecordsPerDatagramMessage);
    for (const auto& record : members->records) check_record(record);
  }
  if (const auto* join = std::get_if<Join>(&message)) check_record(join->self);
  if (const auto* push = std::get_if<Push>(&message)) {
    CHECK(push->changes.size() <= kChangesPerDatagramMessage);
    for (const auto& change : push->changes) (void)crdt::open_change(change).ok();
  }
  if (const auto* presence = std::get_if<Presence>(&message)) {
    const std::size_t names = presence->topic.size() + presence->key.size();
    CHECK(!presence->topic.empty() && presence->topic.size() <= kPresenceNameMax);
    CHECK(!presence->key.empty() && presence->key.size() <= kPresenceNameMax);
    CHECK(names + presence->body.size() <= kPresenceBytesMax);
    CHECK(presence->life <= kPresenceMillisMax);
    CHECK(presence->life > 0 || presence->body.empty());
  }
  if (const auto* vector = std::get_if<Vector>(&message)) {
    CHECK(vector->entries.size() <= kEntriesPerDatagramMessage);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  base::BytesView bytes(reinterpret_cast<const char*>(data), size);
  auto packet = decode_packet(bytes);
  if (!packet.ok()) return 0;
  CHECK(packet->messages.size() <= kMessagesPerPacket);
  std::vector<base::Bytes> encoded;
  for (const auto& message : packet->messages) {
    check_bounds(message);
    encoded.push_back(encode(message));
  }
  auto again = decode_packet(encode_packet(packet->sender, packet->boot_epoch, encoded));
  CHECK(again.ok());
  CHECK(*again == *packet);
  return 0;
}
