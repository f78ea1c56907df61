#pragma once

// One message of every type. Every field has a value of its own.

#include <vector>

#include "gossip/wire/message.h"

namespace gossip::wire {

inline MemberRecord sample_record(unsigned char number) {
  MemberRecord record;
  record.node.bytes.fill(number);
  record.name = "n" + std::to_string(number);
  record.address = *Address::parse("10.0.0." + std::to_string(number) + ":7700");
  record.incarnation = 300u + number;
  record.state = MemberState::kSuspect;
  record.topology = Topology::kTree;
  return record;
}

inline crdt::Dependency sample_entry(unsigned char number) {
  crdt::Dependency entry;
  entry.actor.bytes.fill(number);
  entry.head = {70'000u + number, 0x0102030405060708u};
  return entry;
}

inline std::vector<Message> samples() {
  auto v6 = sample_record(2);
  v6.address = *Address::parse("[2001:db8::2]:7701");
  auto accused = sample_record(1);
  accused.accuser.bytes.fill(9);
  accused.start = 0x1122334455667788;
  auto started = sample_record(3);
  started.start = 7;
  return {
      Ping{5, {6, 7}, 8, {accused}, 300},
      Ack{5, {0xFFFFFFFFFFFFFFFF, 7}, 8, {sample_record(1), v6}},
      Challenge{0x1122334455667788},
      ChallengeAnswer{0x1122334455667788},
      Join{started},
      Members{{sample_record(1), v6}},
      Leave{sample_record(4)},
      Push{{"one", base::Bytes(300, 'c')}, Passing::kRelay},
      Vector{true, {1, 2}, {sample_entry(1), sample_entry(2)}, 77, true, true},
      RangeRequest{9, {sample_entry(1)}, 65'536},
      Range{9, Range::Outcome::kBelowFloor, {"change"}},
      SnapshotRequest{10, "query", 65'536},
      SnapshotAnswer{10, SnapshotAnswer::Outcome::kGone, "page"},
      PingRequest{5, sample_record(6).node, v6.address},
      Nack{5},
      Presence{sample_record(7).node, 0x0000000100000002, "notes", "ann", 30'000, "{}"},
      HolderQuestion{sample_entry(1).actor},
      HolderAnswer{sample_entry(1).actor, 300},
  };
}

}  // namespace gossip::wire
