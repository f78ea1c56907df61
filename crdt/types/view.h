#pragma once

// What a plan or a reading sees of one object: its live cells by slot, and its texts. The store
// implements it over its tables; a request with several operations puts the effects of the earlier
// ones on top; tests use a map. Thread: that of the reader.

#include <functional>
#include <string>

#include "crdt/base/result.h"
#include "crdt/cell.h"
#include "crdt/types/op.h"
#include "crdt/types/sequence/sequence.h"

namespace crdt {

class View {
 public:
  virtual ~View() = default;
  virtual const std::string& object() const = 0;
  virtual base::Result<Cells> cells(const Path& path, SlotType type) = 0;
  // Every slot at `path` or below it, in order of path and type, until the visitor returns false. A
  // text comes as its slot of type kSeq, also when it has no cells. The visitor may call this view.
  using Visit = std::function<bool(const Slot& slot, const Cells& cells)>;
  virtual base::Status below(const Path& path, const Visit& visit) = 0;
  // The text at `path`, opened in parts: it may be asked what `need` asks. Null when nothing was
  // ever inserted there. Valid until the next call that is not const.
  virtual base::Result<const Sequence*> text(const Path& path, const TextNeed& need) = 0;
  // The shown text alone, which costs less.
  virtual base::Result<std::string> shown_text(const Path& path) = 0;
};

}  // namespace crdt
