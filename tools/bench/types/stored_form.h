#pragma once

// The stored form of a text, as far as the benchmark is concerned: the names of its elements, the
// index, and blocks of runs with their shown text, each compressed like the rows of the store. Only
// this file and its source know how a text is stored.

#include <vector>

#include "crdt/base/result.h"
#include "crdt/types/sequence/sequence.h"

namespace bench {

struct StoredBlob {
  base::Bytes bytes;
  std::size_t size = 0;  // before compression; 0: `bytes` are not compressed
};

struct StoredText {
  StoredBlob names;
  StoredBlob index;
  struct Block {
    std::uint32_t id = 0;
    StoredBlob skeleton;
    StoredBlob text;
  };
  std::vector<Block> blocks;
  std::size_t bytes() const;
};

StoredText stored_form(crdt::Sequence& text);
base::Result<crdt::Sequence> load(const StoredText& stored);

}  // namespace bench
