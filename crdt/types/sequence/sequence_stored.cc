#include "crdt/types/sequence/run_codec.h"
#include "crdt/types/sequence/sequence.h"

namespace crdt {

Sequence::StoredBlock Sequence::block(const RunTree::Block& block) const {
  RunTree::Content content = tree_.content(block);
  return {encode_runs(content.runs), std::move(content.text)};
}

base::Result<Sequence::Loader> Sequence::Loader::begin(base::BytesView names) {
  Loader loader;
  ASSIGN_OR_RETURN(loader.text_.ids_, ElementIds::decode(names));
  loader.elements_.resize(loader.text_.ids_.actors());
  return loader;
}

base::Status Sequence::Loader::add(std::uint32_t id, base::BytesView skeleton,
                                   std::string_view text) {
  const ElementIds& ids = text_.ids_;
  ASSIGN_OR_RETURN(const std::vector<Run> runs, decode_runs(skeleton, ids.actors()));
  for (const Run& run : runs) {
    elements_[run.first.actor] += run.length;
    const bool known = run.last().number < ids.count(run.first.actor) &&
                       (run.parent.is_root() || run.parent.number < ids.count(run.parent.actor));
    if (!known) return base::invalid("load a text: a run of elements that have no names");
    const bool follows = run.right && !run.parent.is_root() && run.parent.plus(1) == run.first;
    if (!follows) children_.push_back(run);
  }
  if (text_.tree_.append(id, runs, text)) return {};
  return base::invalid("load a text: runs and letters do not fit");
}

base::Result<Sequence> Sequence::Loader::finish() {
  for (std::uint32_t actor = 0; actor < elements_.size(); ++actor) {
    if (elements_[actor] == text_.ids_.count(actor)) continue;
    return base::invalid("load a text: elements are missing");
  }
  text_.siblings_.reserve(children_.size());
  for (const Run& run : children_) {
    text_.siblings_.add(run.parent, run.right, run.first, text_.ids_);
  }
  text_.tree_.build();
  return std::move(text_);
}

}  // namespace crdt
