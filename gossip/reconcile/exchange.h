#pragma once

// The bookkeeping of one exchange with one peer: first we wait for its vector, then for pages of
// its log, one request at a time. It knows which actors we asked for, how many pages the replica
// has not finished, and whether they moved our vector. It sends nothing and does not end the
// exchange: Reconciler does both, and ends it at `deadline()` at the latest.

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "crdt/base/time.h"
#include "gossip/reconcile/claims.h"
#include "gossip/reconcile/intake.h"
#include "gossip/wire/message.h"

namespace gossip {

class Exchange {
 public:
  // The actors that we asked for, with the number that we had committed at that time.
  using Asked = std::map<base::ActorId, std::uint64_t>;

  // `cautious`: earlier exchanges with the peer stalled. The exchange stays cautious until our
  // vector moves.
  explicit Exchange(bool cautious) : cautious_(cautious) {}

  base::Instant deadline() const { return deadline_; }
  void wait_until(base::Instant deadline) { deadline_ = deadline; }

  // --- The peer's vector
  bool awaits_vector() const { return awaits_vector_; }
  void vector_came() { awaits_vector_ = false; }
  // Our question guessed that the peer had the state with this vector half; it is not 0.
  void guessed(std::uint64_t vector_half) { guess_ = vector_half; }
  // True if `answer` answers a guess, and the peer never had that state.
  bool was_wrong(const wire::Vector& answer);

  // --- Pages of its log
  // Begins a new request. The request before it no longer counts.
  void clear_request();
  // Asks for as many of `lacking` as one request can name.
  wire::RangeRequest ask(std::uint64_t request, const crdt::VersionVector::Entries& lacking,
                         const Claims& claims, const Intake& intake);
  bool is_asking() const { return request_.has_value(); }
  bool is_asking(std::uint64_t request) const { return request_ == request; }
  void answered() { request_.reset(); }
  // The new changes of a page are on the way to the replica, as the Apply with this number.
  void page_taken(std::uint64_t number);
  // The replica has finished this page. `dropped`: it had no room for some change of that turn.
  // False: the page is not of this exchange, and nothing has changed.
  bool page_stored(std::uint64_t number, const Claims& claims, bool dropped);
  // The pages that the replica has not finished.
  std::size_t storing() const { return storing_.size(); }
  // True if the next page may be fetched while the replica stores this one. It may not when the
  // replica had no room for the last page: the same page would come again and again.
  bool may_fetch_ahead() const { return storing() == 1 && !refused_ && !cautious_; }
  // After a request that was made ahead: moved() compares with the numbers from before the oldest
  // page that is not stored.
  void compare_with(const Asked& older);

  const Asked& asked() const { return asked_; }
  // Our vector has moved for at least one actor since we asked.
  bool moved(const Claims& claims) const;
  void no_longer_cautious() { cautious_ = false; }
  bool is_cautious() const { return cautious_; }
  bool has_fetched() const { return fetched_; }  // at least one page had new changes

 private:
  bool cautious_ = false;
  bool awaits_vector_ = true;
  std::uint64_t guess_ = 0;  // 0: none
  std::optional<std::uint64_t> request_;
  Asked asked_;
  std::set<std::uint64_t> storing_;  // at most two: the next page is fetched while one is stored
  bool fetched_ = false;
  bool refused_ = false;  // the last page moved nothing and was not kept
  base::Instant deadline_;
};

}  // namespace gossip
