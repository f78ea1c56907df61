#pragma once

// The names of this agent: the node id of its database, and the actor of this run (rule 2). The
// first own write of a run mints the actor. It is not used after the run.

#include <string>

#include "agent/replica/context.h"
#include "agent/replica/turn.h"

namespace agent {

class Identity {
 public:
  explicit Identity(Context& context) : context_(context) {}

  // The next three are for the start. `host` is the fingerprint of this host and data path. False:
  // the database was copied or moved, so it needs another node id.
  bool keeps_node(const base::Bytes& host) const;
  // The last run ended because another agent had our node id.
  bool is_twin(const base::Bytes& host) const;
  // `from_twin`: the changes that were sealed under the former node id count as ours.
  void take_node_id(bool from_twin);

  // The next own write mints a new actor. Its first change depends on all changes of the present
  // one.
  void leave_actor();
  // The clock's time for an own change. Mints the actor where there is none.
  crdt::HybridTime own_time(Turn& turn);
  // Another agent has our node id: no more own writes, and the next open takes a new one.
  void on_twin(Turn& turn);
  void note_commit(const Turn& turn) { twin_ |= turn.twin; }
  bool has_twin(const Turn& turn) const { return twin_ || turn.twin; }
  bool has_twin() const { return twin_; }
  bool has_new_node_id() const { return fresh_; }  // this open has chosen the node id

 private:
  void mint_actor(Turn& turn, std::string why);

  Context& context_;
  bool fresh_ = false;
  bool twin_ = false;
};

}  // namespace agent
