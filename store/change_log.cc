#include "store/change_log.h"

#include <algorithm>
#include <limits>
#include <map>
#include <vector>

#include "crdt/base/plant.h"
#include "store/log_table.h"
#include "store/meta_table.h"
#include "store/row.h"

namespace store {
namespace {

// The changes of one actor that a peer lacks.
struct Need {
  std::uint64_t next = 0;
  std::uint64_t last = 0;
  bool reached = false;  // the cursor has passed the start of this actor
};

}  // namespace

struct ChangeLog::Impl {
  Impl(Database& used, const Options& given)
      : database(used), options(given), meta(used), table(used) {}

  struct Plan {
    // Position → actor; starts that are not reached yet.
    std::multimap<std::int64_t, std::int64_t> starts;
    std::map<std::int64_t, Need> needs;  // by actor
  };
  base::Result<Plan> plan(const Actors& actors, const crdt::VersionVector& have);
  base::Status add_need(Plan& plan, const base::ActorId& id, const Actor& actor,
                        std::uint64_t seen);
  base::Result<Visited> walk(const Actors& actors, Plan& plan, const RangeLimits& limits,
                             const std::function<void(const LogEntry&)>& visit);
  base::Error missing(std::int64_t actor, std::uint64_t seq) const;

  // The rows that one call prunes.
  struct Leaving {
    std::vector<std::int64_t> positions;
    std::map<std::int64_t, std::uint64_t> floors;  // actor → highest pruned number
    std::uint64_t bytes = 0;
    std::uint32_t looked_at = 0;
    bool reached_end = false;
  };
  struct Keep {
    std::map<std::int64_t, std::uint64_t> spared;  // actor → its changes above this stay
    std::int64_t from = 0;                         // rows from this position on stay
    bool spares(std::int64_t actor, std::uint64_t seq) const {
      const auto found = spared.find(actor);
      return found != spared.end() && seq > found->second;
    }
  };
  base::Status choose(const Actors& actors, const Keep& keep, bool spare, Leaving& leaving);
  struct Walked {
    std::vector<std::int64_t> bad;               // positions
    std::map<std::int64_t, std::uint64_t> next;  // actor → the number after its last sound row
    std::map<std::int64_t, std::uint64_t> lost;  // actor → the highest missing number
    std::int64_t position = 0;
    LogTotals totals;
  };
  base::Result<Walked> look_at_all(const Actors& actors);
  void start_again_if_fewer(const std::map<std::int64_t, std::uint64_t>& now);
  base::Status drop(const Leaving& leaving, Actors& actors, Pruned& pruned);

  Database& database;
  Options options;
  MetaTable meta;
  LogTable table;
  LogTotals totals;
  LogTotals stored_totals;
  // Up to this position pruning has left only rows that it spared. This holds while `spared` stays
  // the same. When a peer confirms one of them, pruning starts again from the oldest row.
  std::int64_t spared_until = 0;
  std::map<std::int64_t, std::uint64_t> spared;
  bool touched = false;
  std::uint64_t appended = 0;  // in this transaction
  std::uint64_t written = 0;
};

bool is_about_log(std::string_view damage) { return damage.find("table log") != damage.npos; }

ChangeLog::ChangeLog(Database& database, const Options& options)
    : impl_(std::make_unique<Impl>(database, options)) {}

ChangeLog::~ChangeLog() = default;

base::Status ChangeLog::load() {
  impl_->table.forget();
  impl_->spared_until = 0;
  impl_->spared.clear();
  impl_->touched = false;
  impl_->appended = 0;
  ASSIGN_OR_RETURN(impl_->totals, impl_->meta.log_totals());
  impl_->stored_totals = impl_->totals;
  return {};
}

base::Result<ChangeLog::Visited> ChangeLog::range(
    const Actors& actors, const crdt::VersionVector& have, const RangeLimits& limits,
    const std::function<void(const LogEntry&)>& visit) {
  ASSIGN_OR_RETURN(Impl::Plan plan, impl_->plan(actors, have));
  if (!PLANTED(kRangeByActor) || plan.needs.size() < 2) {
    return impl_->walk(actors, plan, limits, visit);
  }
  plan.needs.erase(std::next(plan.needs.begin()), plan.needs.end());
  std::erase_if(plan.starts, [&](const auto& start) { return !plan.needs.contains(start.second); });
  ASSIGN_OR_RETURN(Visited visited, impl_->walk(actors, plan, limits, visit));
  visited.complete = false;
  return visited;
}

base::Status ChangeLog::scan(const Actors& actors, std::int64_t after, std::size_t limit,
                             const std::function<bool(const LogEntry&)>& visit) {
  ASSIGN_OR_RETURN(LogTable::Cursor cursor, impl_->table.from(after + 1));
  for (std::size_t visited = 0; visited < limit; ++visited) {
    ASSIGN_OR_RETURN(const auto row, cursor.next());
    if (!row) break;
    ASSIGN_OR_RETURN(const base::BytesView change, cursor.change(*row));
    const auto actor = actors.id_of(row->actor);
    if (!actor) return corrupt_row(impl_->database, "actors", row->actor);
    if (!visit({row->position, *actor, row->seq, change})) break;
  }
  return {};
}

base::Result<std::optional<base::Bytes>> ChangeLog::find(const Actors& actors,
                                                         const base::ActorId& actor,
                                                         std::uint64_t seq) {
  std::optional<base::Bytes> none;
  const auto known = actors.find(actor);
  if (!known || seq <= known->floor || seq > known->head.seq) return none;
  ASSIGN_OR_RETURN(const std::int64_t start, impl_->table.start_of(known->index, seq));
  ASSIGN_OR_RETURN(LogTable::Cursor cursor, impl_->table.from(start));
  for (;;) {
    ASSIGN_OR_RETURN(const auto row, cursor.next());
    if (!row || (row->actor == known->index && row->seq > seq)) {
      impl_->table.note_damage();
      return none;
    }
    if (row->actor != known->index || row->seq != seq) continue;
    const auto change = cursor.change(*row);
    if (change.ok()) return std::optional<base::Bytes>(*change);
    impl_->table.note_damage();
    return none;
  }
}

base::Status ChangeLog::salvage(const Actors& actors,
                                const std::function<base::Status(const LogEntry&)>& visit) {
  ASSIGN_OR_RETURN(LogTable::Cursor cursor, impl_->table.from(0));
  for (;;) {
    const auto row = cursor.next();
    // A broken page ends the walk: rows behind it cannot be found.
    if (!row.ok() || !*row) return {};
    const auto change = cursor.change(**row);
    const auto actor = actors.id_of((*row)->actor);
    if (!change.ok() || !actor) continue;
    RETURN_IF_ERROR(visit({(*row)->position, *actor, (*row)->seq, *change}));
  }
}

base::Result<std::int64_t> ChangeLog::oldest_position() { return impl_->table.oldest(); }

base::Status ChangeLog::append(std::int64_t position, std::int64_t actor_index,
                               const crdt::SealedChange& change) {
  RETURN_IF_ERROR(impl_->database.writable());
  impl_->touched = true;
  ASSIGN_OR_RETURN(const std::size_t bytes,
                   impl_->table.append({position, actor_index, change.seq}, change.bytes));
  ++impl_->totals.changes;
  ++impl_->appended;
  impl_->totals.bytes += bytes;
  return {};
}

base::Result<ChangeLog::Pruned> ChangeLog::prune(Actors& actors, const Confirmed& spared,
                                                 std::int64_t keep_from) {
  RETURN_IF_ERROR(impl_->database.writable());
  Pruned pruned;
  if (impl_->totals.bytes <= impl_->options.log_bytes_max) return pruned;
  impl_->touched = true;
  Impl::Keep keep{{}, keep_from};
  for (const auto& [id, confirmed] : spared) {
    const auto known = actors.find(id);
    if (known && confirmed < known->head.seq) keep.spared[known->index] = confirmed;
  }
  impl_->start_again_if_fewer(keep.spared);
  Impl::Leaving leaving;
  RETURN_IF_ERROR(impl_->choose(actors, keep, true, leaving));
  RETURN_IF_ERROR(impl_->drop(leaving, actors, pruned));
  if (!leaving.reached_end || impl_->totals.bytes <= impl_->options.log_bytes_max) return pruned;
  // Only changes that no peer has confirmed are left, and the log is still over its budget.
  Impl::Leaving last;
  last.looked_at = pruned.rows;
  RETURN_IF_ERROR(impl_->choose(actors, keep, false, last));
  RETURN_IF_ERROR(impl_->drop(last, actors, pruned));
  return pruned;
}

bool ChangeLog::damaged() const { return impl_->table.damaged(); }

base::Result<ChangeLog::Mended> ChangeLog::mend(Actors& actors) {
  RETURN_IF_ERROR(impl_->database.writable());
  Mended mended;
  impl_->table.forget();
  ASSIGN_OR_RETURN(Impl::Walked walked, impl_->look_at_all(actors));
  for (const std::int64_t position : walked.bad) {
    RETURN_IF_ERROR(impl_->table.erase(position));
    ++mended.rows;
  }
  for (const auto& [index, seq] : walked.lost) {
    const base::ActorId id = *actors.id_of(index);
    mended.changes += seq - actors.find(id)->floor;
    actors.raise_floor(id, seq);
    RETURN_IF_ERROR(impl_->table.erase_index(index, seq));
  }
  ASSIGN_OR_RETURN(const std::uint64_t of_index, impl_->table.mend_index());
  mended.rows += of_index;
  if (!walked.bad.empty() || !walked.lost.empty()) mended.position = walked.position;
  impl_->touched = true;
  impl_->totals = walked.totals;
  impl_->table.forget();
  return mended;
}

base::Status ChangeLog::flush() {
  if (impl_->totals == impl_->stored_totals) return {};
  RETURN_IF_ERROR(impl_->meta.write(impl_->totals));
  impl_->stored_totals = impl_->totals;
  return {};
}

bool ChangeLog::touched() const { return impl_->touched; }
std::uint64_t ChangeLog::written() const { return impl_->written; }
void ChangeLog::committed() {
  impl_->touched = false;
  impl_->written += std::exchange(impl_->appended, 0);
}
std::uint64_t ChangeLog::changes() const { return impl_->totals.changes; }
std::uint64_t ChangeLog::bytes() const { return impl_->totals.bytes; }

base::Result<ChangeLog::Impl::Plan> ChangeLog::Impl::plan(const Actors& actors,
                                                          const crdt::VersionVector& have) {
  Plan plan;
  base::Status failed;
  actors.visit_lacking(have, [&](const base::ActorId& id, const Actor& actor) {
    failed = add_need(plan, id, actor, have.seq_of(id));
    return failed.ok();
  });
  RETURN_IF_ERROR(failed);
  return plan;
}

base::Status ChangeLog::Impl::add_need(Plan& plan, const base::ActorId& id, const Actor& actor,
                                       std::uint64_t seen) {
  if (seen < actor.floor) {
    return base::Error{base::Code::kNotFound,
                       "changes of " + id.hex() + " above " + std::to_string(seen) +
                           " are gone from the log up to " + std::to_string(actor.floor)};
  }
  plan.needs[actor.index] = {seen + 1, actor.head.seq, false};
  ASSIGN_OR_RETURN(const std::int64_t start, table.start_of(actor.index, seen + 1));
  plan.starts.emplace(start, actor.index);
  return {};
}

base::Result<ChangeLog::Visited> ChangeLog::Impl::walk(
    const Actors& actors, Plan& plan, const RangeLimits& limits,
    const std::function<void(const LogEntry&)>& visit) {
  Visited visited;
  std::size_t changes = 0;
  std::size_t bytes = 0;
  std::size_t reached = 0;  // actors whose start is passed and that still lack changes
  std::optional<LogTable::Cursor> cursor;
  while (!plan.needs.empty()) {
    if (reached == 0) {  // no actor needs the rows before the next start
      cursor.reset();
      ASSIGN_OR_RETURN(LogTable::Cursor moved, table.from(plan.starts.begin()->first));
      cursor.emplace(std::move(moved));
    }
    ASSIGN_OR_RETURN(const auto row, cursor->next());
    if (!row) return missing(plan.needs.begin()->first, plan.needs.begin()->second.next);
    while (!plan.starts.empty() && plan.starts.begin()->first <= row->position) {
      plan.needs[plan.starts.begin()->second].reached = true;
      plan.starts.erase(plan.starts.begin());
      ++reached;
    }
    const auto need = plan.needs.find(row->actor);
    if (need == plan.needs.end() || !need->second.reached) continue;
    if (row->seq < need->second.next) continue;
    if (row->seq > need->second.next) return missing(row->actor, need->second.next);
    ASSIGN_OR_RETURN(const base::BytesView change, cursor->change(*row));
    if (changes > 0 &&
        (changes >= limits.changes_max || bytes + change.size() > limits.bytes_max)) {
      visited.complete = false;
      return visited;
    }
    visit({row->position, *actors.id_of(row->actor), row->seq, change});
    visited.position = row->position;
    ++changes;
    bytes += change.size();
    if (need->second.next++ == need->second.last) {
      plan.needs.erase(need);
      --reached;
    }
  }
  return visited;
}

base::Error ChangeLog::Impl::missing(std::int64_t actor, std::uint64_t seq) const {
  return database.corrupt("table log lacks change " + std::to_string(seq) + " of actor " +
                          std::to_string(actor) + " above its floor");
}

void ChangeLog::Impl::start_again_if_fewer(const std::map<std::int64_t, std::uint64_t>& now) {
  for (const auto& [actor, confirmed] : spared) {
    const auto still = now.find(actor);
    if (still == now.end() || still->second > confirmed) spared_until = 0;
  }
  spared = now;
}

// Chooses the rows to prune, the oldest first. With `spare` it leaves changes that no peer has
// confirmed. It looks at no more than prune_rows_max rows a call, whether they are pruned or not.
base::Status ChangeLog::Impl::choose(const Actors& actors, const Keep& keep, bool spare,
                                     Leaving& leaving) {
  ASSIGN_OR_RETURN(LogTable::Cursor cursor, table.from(0));
  while (totals.bytes - leaving.bytes > options.log_bytes_max &&
         leaving.looked_at < options.prune_rows_max) {
    ASSIGN_OR_RETURN(const auto row, cursor.next());
    if (!row) {
      leaving.reached_end = true;
      return {};
    }
    if (row->position >= keep.from) return {};
    ++leaving.looked_at;
    if (spare && keep.spares(row->actor, row->seq)) {
      // Up to spared_until all rows are spared. Skip them.
      if (row->position < spared_until) {
        { LogTable::Cursor ended = std::move(cursor); }
        ASSIGN_OR_RETURN(cursor, table.from(spared_until));
      }
      spared_until = std::max(spared_until, row->position);
      continue;
    }
    // A pruned row may be damaged. But no floor may rise above the head. A number above the head
    // means that the row is damaged; the change that is lost with it shows later as a gap.
    leaving.positions.push_back(row->position);
    leaving.bytes += cursor.stored_bytes();
    const auto id = actors.id_of(row->actor);
    const auto known = id ? actors.find(*id) : std::nullopt;
    if (known && row->seq <= known->head.seq) {
      std::uint64_t& floor = leaving.floors[row->actor];
      floor = std::max(floor, row->seq);
    } else {
      table.note_damage();
    }
  }
  return {};
}

// The columns of a damaged row are not used. Its change shows as a gap of its actor.
base::Result<ChangeLog::Impl::Walked> ChangeLog::Impl::look_at_all(const Actors& actors) {
  Walked walked;
  ASSIGN_OR_RETURN(LogTable::Cursor cursor, table.from(INT64_MIN));
  for (;;) {
    ASSIGN_OR_RETURN(const auto row, cursor.next());
    if (!row) break;
    const auto id = actors.id_of(row->actor);
    const auto known = id ? actors.find(*id) : std::nullopt;
    if (!known || !cursor.sound(*row)) {
      walked.bad.push_back(row->position);
      walked.position = std::max(walked.position, row->position);
      continue;
    }
    ++walked.totals.changes;
    walked.totals.bytes += cursor.stored_bytes();
    if (row->seq <= known->floor) continue;
    std::uint64_t& next = walked.next.try_emplace(row->actor, known->floor + 1).first->second;
    if (row->seq > next) {
      walked.lost[row->actor] = row->seq - 1;
      walked.position = std::max(walked.position, row->position - 1);
    }
    next = std::max(next, row->seq + 1);
  }
  actors.visit([&](const base::ActorId&, const Actor& actor) {
    const auto next = walked.next.find(actor.index);
    const std::uint64_t reached = next == walked.next.end() ? actor.floor : next->second - 1;
    if (reached >= actor.head.seq) return true;
    walked.lost[actor.index] = actor.head.seq;
    walked.position = std::numeric_limits<std::int64_t>::max();
    return true;
  });
  return walked;
}

base::Status ChangeLog::Impl::drop(const Leaving& leaving, Actors& actors, Pruned& pruned) {
  for (const std::int64_t position : leaving.positions) {
    RETURN_IF_ERROR(table.erase(position));
    pruned.position = std::max(pruned.position, position);
    ++pruned.rows;
  }
  for (const auto& [index, seq] : leaving.floors) {
    const auto id = actors.id_of(index);
    if (!id) return corrupt_row(database, "actors", index);
    if (!PLANTED(kFloorNotRaisedByPruning)) actors.raise_floor(base::ActorId(*id), seq);
    RETURN_IF_ERROR(table.erase_index(index, seq));
  }
  totals.changes -= std::min<std::uint64_t>(totals.changes, leaving.positions.size());
  totals.bytes -= std::min(totals.bytes, leaving.bytes);
  return {};
}

}  // namespace store
