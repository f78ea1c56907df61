#include "gossip/reconcile/exchange.h"

#include <gtest/gtest.h>

#include "crdt/base/random.h"
#include "tests/gossip/changes.h"

namespace gossip::testing {
namespace {

// An exchange with a peer that has more changes of two actors than we have.
struct Asking {
  base::Random random = base::Random::from_number(1);
  base::ActorId first = random.id<base::ActorTag>();
  base::ActorId second = random.id<base::ActorTag>();
  Options options;
  Stats stats;
  Claims claims{Holdings{}};
  Intake intake{options, claims, stats};
  Exchange exchange{false};

  wire::RangeRequest ask(std::uint64_t request, const std::vector<base::ActorId>& actors) {
    crdt::VersionVector::Entries lacking;
    for (const base::ActorId& actor : actors) lacking[actor] = {100, 1};
    exchange.clear_request();
    return exchange.ask(request, lacking, claims, intake);
  }
  void commit(const base::ActorId& actor, std::uint64_t seq) {
    Stored facts;
    facts.advanced[actor] = {seq, seq};
    claims.stored({}, facts);
  }
};

TEST(Exchange, WaitsForTheVectorOnce) {
  Exchange exchange(false);
  EXPECT_TRUE(exchange.awaits_vector());

  exchange.vector_came();

  EXPECT_FALSE(exchange.awaits_vector());
}

TEST(Exchange, AGuessIsWrongWhenTheAnswerHasAnotherBase) {
  wire::Vector answer;
  answer.base = 7;
  Exchange right(false);
  right.guessed(7);
  Exchange wrong(false);
  wrong.guessed(8);
  Exchange none(false);

  EXPECT_FALSE(right.was_wrong(answer));
  EXPECT_FALSE(none.was_wrong(answer));
  EXPECT_TRUE(wrong.was_wrong(answer));
  EXPECT_FALSE(wrong.was_wrong(answer));  // the answer arrives a second time
}

TEST(Exchange, OnlyTheAnswerToTheLastRequestIsAwaited) {
  Asking asking;
  EXPECT_FALSE(asking.exchange.is_asking());

  asking.ask(5, {asking.first});
  asking.ask(6, {asking.first});
  EXPECT_FALSE(asking.exchange.is_asking(5));
  EXPECT_TRUE(asking.exchange.is_asking(6));
  asking.exchange.answered();

  EXPECT_FALSE(asking.exchange.is_asking(6));
  EXPECT_FALSE(asking.exchange.is_asking());
}

// Changes that are on their way to the replica are not requested again.
TEST(Exchange, ARequestNamesWhatWeHaveReceived) {
  Asking asking;
  asking.commit(asking.first, 4);
  Actions out;
  auto pushed = change_of(asking.second, 1);
  asking.intake.take({}, {pushed.bytes}, false, out);

  wire::RangeRequest request = asking.ask(5, {asking.first, asking.second});

  std::map<base::ActorId, crdt::Head> have;
  for (const auto& entry : request.have) have[entry.actor] = entry.head;
  EXPECT_EQ(request.request, 5u);
  EXPECT_EQ(have.size(), 2u);
  EXPECT_EQ(have[asking.first].seq, 4u);
  EXPECT_EQ(have[asking.second].seq, 1u);
  EXPECT_EQ(have[asking.second].hash, pushed.hash);
  EXPECT_EQ(asking.exchange.asked(),
            (Exchange::Asked{{asking.first, 4}, {asking.second, 0}}));  // only what is committed
}

// The exchange does not own the actors that its request leaves out: another peer may be asked for
// them.
TEST(Exchange, ARequestNamesABoundedNumberOfActors) {
  Asking asking;
  std::vector<base::ActorId> many;
  for (std::size_t i = 0; i < wire::kEntriesPerMessage + 10; ++i) {
    many.push_back(asking.random.id<base::ActorTag>());
  }

  wire::RangeRequest request = asking.ask(5, many);

  EXPECT_EQ(request.have.size(), wire::kEntriesPerMessage);
  EXPECT_EQ(asking.exchange.asked().size(), wire::kEntriesPerMessage);
}

TEST(Exchange, OnlyAnActorThatWasAskedForMovesIt) {
  Asking asking;
  asking.commit(asking.first, 4);
  asking.ask(5, {asking.first});

  asking.commit(asking.second, 1);
  EXPECT_FALSE(asking.exchange.moved(asking.claims));
  asking.commit(asking.first, 5);

  EXPECT_TRUE(asking.exchange.moved(asking.claims));
}

TEST(Exchange, ANewRequestCountsFromNow) {
  Asking asking;
  asking.ask(5, {asking.first});
  asking.commit(asking.first, 5);

  asking.ask(6, {asking.first, asking.second});

  EXPECT_FALSE(asking.exchange.moved(asking.claims));
}

TEST(Exchange, APageIsStoredUntilTheReplicaHasFinishedIt) {
  Asking asking;
  EXPECT_FALSE(asking.exchange.has_fetched());

  asking.exchange.page_taken(3);
  EXPECT_EQ(asking.exchange.storing(), 1u);
  EXPECT_TRUE(asking.exchange.page_stored(3, asking.claims, false));

  EXPECT_EQ(asking.exchange.storing(), 0u);
  EXPECT_TRUE(asking.exchange.has_fetched());
}

// The exchange before this one ended while one of its pages was on the way to the replica.
TEST(Exchange, APageOfAFormerExchangeDoesNotCount) {
  Asking asking;
  asking.exchange.page_taken(4);

  EXPECT_FALSE(asking.exchange.page_stored(3, asking.claims, false));
  EXPECT_EQ(asking.exchange.storing(), 1u);
  EXPECT_TRUE(asking.exchange.page_stored(4, asking.claims, false));
  EXPECT_FALSE(asking.exchange.page_stored(4, asking.claims, false));  // a second report

  EXPECT_EQ(asking.exchange.storing(), 0u);
}

TEST(Exchange, FetchesOnePageAheadAndNoMore) {
  Asking asking;
  EXPECT_FALSE(asking.exchange.may_fetch_ahead());  // no page has come yet

  asking.exchange.page_taken(1);
  EXPECT_TRUE(asking.exchange.may_fetch_ahead());
  asking.exchange.page_taken(2);

  EXPECT_FALSE(asking.exchange.may_fetch_ahead());
}

TEST(Exchange, FetchesNothingAheadWhileItIsCautious) {
  Exchange exchange(true);
  exchange.page_taken(1);
  EXPECT_FALSE(exchange.may_fetch_ahead());

  exchange.no_longer_cautious();

  EXPECT_TRUE(exchange.may_fetch_ahead());
}

// The replica had no room for the first page, and the second page has come already. If we fetched
// ahead now, the same two pages would come again and again.
TEST(Exchange, FetchesNothingAheadAfterAPageForWhichTheReplicaHadNoRoom) {
  Asking asking;
  asking.ask(5, {asking.first});
  asking.exchange.page_taken(1);
  asking.exchange.page_taken(2);

  asking.exchange.page_stored(1, asking.claims, true);
  EXPECT_FALSE(asking.exchange.may_fetch_ahead());
  asking.ask(6, {asking.first});

  EXPECT_TRUE(asking.exchange.may_fetch_ahead());
}

// The turn dropped changes, but not those of the page.
TEST(Exchange, FetchesAheadAfterAPageThatMovedUs) {
  Asking asking;
  asking.ask(5, {asking.first});
  asking.exchange.page_taken(1);
  asking.exchange.page_taken(2);
  asking.commit(asking.first, 2);

  asking.exchange.page_stored(1, asking.claims, true);

  EXPECT_TRUE(asking.exchange.may_fetch_ahead());
}

// Each page must move our vector by itself: a page that moves nothing ends the exchange.
TEST(Exchange, TheMoveOfOnePageDoesNotCountForTheNext) {
  Asking asking;
  asking.ask(5, {asking.first});
  asking.exchange.page_taken(1);
  asking.exchange.page_taken(2);
  asking.commit(asking.first, 2);

  asking.exchange.page_stored(1, asking.claims, false);
  EXPECT_FALSE(asking.exchange.moved(asking.claims));
  asking.commit(asking.first, 3);
  asking.exchange.answered();
  asking.exchange.page_stored(2, asking.claims, false);

  EXPECT_TRUE(asking.exchange.moved(asking.claims));
}

// The first page is stored after the second was requested. Changes that it brought still count.
TEST(Exchange, ARequestAheadComparesWithTheTimeBeforeTheOldestPage) {
  Asking asking;
  asking.ask(5, {asking.first});
  const Exchange::Asked older = asking.exchange.asked();
  asking.commit(asking.first, 2);
  asking.ask(6, {asking.first, asking.second});

  asking.exchange.compare_with(older);

  EXPECT_TRUE(asking.exchange.moved(asking.claims));
  EXPECT_EQ(asking.exchange.asked(), (Exchange::Asked{{asking.first, 0}, {asking.second, 0}}));
}

}  // namespace
}  // namespace gossip::testing
