#pragma once

// The part of a text in the digest (crdt/digest.h): one element for each code point that was ever
// inserted, erased ones too. So it does not depend on how a replica cuts the text into runs. The
// elements are many, so their hash is two folded multiplications under keys that come from the
// slot and the actor. docs/protocol.md has the bytes. Thread: any, one at a time.

#include <map>

#include "crdt/digest.h"
#include "crdt/slot.h"
#include "crdt/types/sequence/text_run.h"

namespace crdt {

class TextDigest {
 public:
  explicit TextDigest(const Slot& slot);
  Digest of(const TextRun& run);

 private:
  struct Keys {
    std::uint64_t first = 0;
    std::uint64_t second = 0;
  };
  const Keys& keys_of(const ActorId& actor);

  base::Bytes slot_;
  std::map<ActorId, Keys> keys_;
};

}  // namespace crdt
