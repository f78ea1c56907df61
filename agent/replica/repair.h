#pragma once

// Rules 8 and 13: damaged rows, and the check of our own rows when a peer has an equal vector and
// another digest. For a damaged row of the log, only this row is given up. For a damaged row of the
// state, the whole state is given up, as soon as there is a peer from which it can be fetched.

#include <set>
#include <string>

#include "agent/replica/context.h"
#include "agent/replica/turn.h"

namespace agent {

class Repair {
 public:
  explicit Repair(Context& context) : context_(context) {}

  // This open read all suspect rows and found them right.
  void set_found_sound(bool sound) { found_sound_ = sound; }

  // A reader or a turn met a damaged row of the state. There is one notice for each row.
  void note_damage(Outputs& out, const std::string& what);
  bool has_damage() const { return !damage_.empty(); }
  base::Status on_damage(Turn& turn, const std::string& what);
  // Gives up the state with the damaged row, in a transaction of its own. Call it when a peer is
  // there.
  void give_up_damage();

  // `turn.check` is the result of reading our rows. True: our rows are sound, so unite with the
  // peer. False: there is nothing more to do in this turn.
  bool on_divergence(Turn& turn, const DivergenceSeen& seen);

  // Mends the log where a row of it was found damaged. Called in each turn.
  base::Status mend_if_damaged(Turn& turn);
  // A turn failed because of a damaged row of the log. True: the next turn mends the log first, and
  // nothing else has to be done. False: the turn before has tried that already.
  bool mend_next_turn();

  // Reads and checks some rows (rule 13).
  void scrub(Outputs& out);

 private:
  void give_up_rows();
  bool drop_bad_row(Outputs& out, const std::string& what);
  base::Status mend_log(Outputs& out, const std::string& what);

  Context& context_;
  std::string damage_;  // the last damaged row; the state is given up when a peer answers
  std::set<std::string> damage_told_;
  bool mend_due_ = false;  // a turn failed at a row of the log
  bool found_sound_ = false;
};

}  // namespace agent
