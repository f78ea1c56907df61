#include "agent/api/status.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "agent/api/health.h"
#include "agent/api/join_text.h"
#include "agent/api/json_text.h"
#include "agent/api/member_counts.h"
#include "agent/api/reading.h"
#include "agent/api/scoped_address.h"
#include "crdt/value.h"

namespace agent {
namespace {

std::string members_count(const std::vector<gossip::MemberView>& members) {
  MemberCounts counts = count_members(members);
  return JsonObject()
      .number("alive", counts.alive)
      .number("suspect", counts.suspect)
      .number("dead", counts.dead)
      .number("left", counts.left)
      .number("unreachable", counts.unreachable)
      .number("remembered", counts.remembered)
      .take();
}

std::string or_null(const std::string& text) {
  return text.empty() ? "null" : crdt::json_quote(text);
}

// The heads of all actors that have a change. Closed actors are listed on request only: years of
// restarts leave many of them.
std::string vector_heads(const store::Actors& actors, bool with_closed) {
  JsonObject out;
  auto add = [&](const base::ActorId& id, const store::Actor& actor) {
    const bool listed = actor.head.seq > 0 && (with_closed || !actor.closed);
    if (listed) out.number(id.hex(), actor.head.seq);
    return true;
  };
  if (with_closed) {
    actors.visit(add);
  } else {
    for (const auto& [id, actor] : actors.loose()) add(id, actor);
  }
  return out.take();
}

// The number of closed actors and a hash over them. Agents with equal tables have equal hashes.
std::string closed_text(const store::Actors& actors) {
  const store::Actors::Closed closed = actors.closed();
  return JsonObject().number("actors", closed.count).text("hash", closed.digest.hex()).take();
}

// What only the loop knows, taken when the request came.
struct LiveFacts {
  AgentFacts facts;
  std::string state;
  std::string reason;
  std::string isolated;
  std::string members;
  base::Now now;
  std::int64_t uptime_seconds = 0;
  std::string last_join;
  std::string last_merge;
};

std::string clock_text(const LiveFacts& live, const store::Meta& meta) {
  crdt::HybridClock clock(meta.clock, live.facts.clock);
  return JsonObject()
      .boolean("trusted", clock.trusts(live.now))
      .raw("offset_ms", std::to_string(clock.offset_nanos(live.now) / 1'000'000))
      .take();
}

std::string compaction_text(const CompactionSettings& configured, const store::Meta& meta) {
  const auto& set = meta.compaction;
  return JsonObject()
      .boolean("automatic", set ? set->automatic : configured.automatic)
      .number("every", set ? set->every : configured.every)
      .take();
}

// Vector, digest and counts are from one committed state.
base::Result<std::string> status_text(store::Reader& reader, const LiveFacts& live,
                                      bool with_closed) {
  ASSIGN_OR_RETURN(store::Meta meta, reader.meta());
  ASSIGN_OR_RETURN(const store::Actors* actors, reader.actors());
  const AgentFacts& facts = live.facts;
  std::string log = JsonObject()
                        .number("changes", reader.log().changes())
                        .number("bytes", reader.log().bytes())
                        .take();
  return JsonObject()
      .text("name", facts.name)
      .text("node_id", facts.node_id.hex())
      .raw("actor_id", meta.own_actor.is_zero() ? "null" : "\"" + meta.own_actor.hex() + "\"")
      .text("version", facts.version)
      .text("state", live.state)
      .text("reason", live.reason)
      .raw("isolated", or_null(live.isolated))
      .text("bind", facts.bind)
      .text("http", facts.http)
      .text("topology", facts.topology)
      .text("profile", facts.profile)
      .raw("members", live.members)
      .raw("vector", vector_heads(*actors, with_closed))
      .raw("closed", closed_text(*actors))
      .text("digest", meta.digest.hex())
      .number("objects", static_cast<std::uint64_t>(reader.cells().total_objects()))
      .number("cells", static_cast<std::uint64_t>(reader.cells().total_cells()))
      .raw("log", log)
      .raw("clock", clock_text(live, meta))
      .raw("compaction", compaction_text(facts.compaction, meta))
      .raw("last_join", live.last_join)
      .raw("last_merge", live.last_merge)
      .raw("uptime_seconds", std::to_string(live.uptime_seconds))
      .take();
}

void get_status(Host& host, const ExchangePtr& exchange) {
  LiveFacts live{host.facts(),
                 std::string(health_name(host.health())),
                 host.health_reason(),
                 host.isolated(),
                 members_count(host.members()),
                 host.now(),
                 host.uptime().nanos / base::seconds(1).nanos,
                 join_text(host.now().instant, host.last_join()),
                 join_text(host.now().instant, host.last_merge())};
  const auto closed = exchange->request().target.query_flag("closed");
  if (!closed.ok()) return exchange->fail(closed.error());
  answer_from_snapshot(host, exchange, 0,
                       [live = std::move(live), closed = *closed](store::Reader& reader) {
                         auto text = status_text(reader, live, closed);
                         return text.ok() ? http::json_response(std::move(*text))
                                          : http::error_response(text.error());
                       });
}

// Milliseconds with three decimals: on a local network round trips are shorter than one
// millisecond.
std::string millis_text(base::Duration duration) {
  char text[32];
  std::int64_t micros = duration.nanos / 1'000;
  std::snprintf(text, sizeof text, "%lld.%03lld", static_cast<long long>(micros / 1'000),
                static_cast<long long>(micros % 1'000));
  return text;
}

// Null for a member that was not heard since the start.
std::string seen_ago(const gossip::MemberView& member, base::Instant now) {
  if (!member.met) return "null";
  return std::to_string(std::max<std::int64_t>(0, (now - member.heard).nanos) /
                        base::seconds(1).nanos);
}

void get_members(const MeshControl& mesh, const Timers& timers, const ExchangePtr& exchange) {
  base::Instant now = timers.now().instant;
  std::string items;
  for (const gossip::MemberView& member : mesh.members()) {
    const gossip::MemberRecord& record = member.record;
    // Of a member that is only remembered, the memory has neither.
    const bool told = !member.remembered();
    const std::string topology = crdt::json_quote(gossip::topology_name(record.topology));
    if (!items.empty()) items += ',';
    items += JsonObject()
                 .text("name", record.name)
                 .text("node_id", record.node.hex())
                 .text("address", scoped_text(record.address))
                 .text("state", gossip::state_name(record.state))
                 .raw("incarnation", told ? std::to_string(record.incarnation) : "null")
                 .raw("rtt_ms", member.rtt ? millis_text(*member.rtt) : "null")
                 .raw("topology", told ? topology : "null")
                 .raw("udp_blocked", member.udp_blocked ? "true" : "false")
                 .raw("tcp_blocked", member.tcp_blocked ? "true" : "false")
                 .raw("unreachable", member.unreachable ? "true" : "false")
                 .raw("heard", member.met ? "true" : "false")
                 .raw("remembered", member.remembered() ? "true" : "false")
                 .raw("seen_seconds_ago", seen_ago(member, now))
                 .raw("behind", member.behind ? std::to_string(*member.behind) : "null")
                 .raw("vector_lag", member.vector_lag ? std::to_string(*member.vector_lag) : "null")
                 .take();
  }
  exchange->respond(http::json_response("[" + items + "]"));
}

}  // namespace

void add_status_routes(Host& host, http::Router& router) {
  router.add({http::Verb::kGet,
              "/v1/status",
              [&host](const ExchangePtr& exchange) { get_status(host, exchange); },
              "This agent: identity, health, vector and digest, counts",
              {"closed"}});
  router.add({http::Verb::kGet,
              "/v1/members",
              [&host](const ExchangePtr& exchange) { get_members(host, host, exchange); },
              "The members of the mesh as this agent sees them",
              {}});
}

}  // namespace agent
