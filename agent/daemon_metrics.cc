#include "agent/daemon_metrics.h"

#include <fmt/format.h>

#include "agent/api/member_counts.h"
#include "agent/metrics.h"

namespace agent {
namespace {

void add_agent(MetricsText& text, const AgentFacts& facts, const DaemonCounts& counts) {
  text.gauge("build_info", "Always 1; the label has the version of the running program", 1,
             fmt::format("version=\"{}\"", facts.version));
  text.gauge("uptime_seconds", "Seconds since the start of this process",
             static_cast<double>(counts.uptime.nanos) / 1e9);
  text.gauge("degraded",
             "1 while the disk refuses writes, a damaged row waits for repair, or a twin (a second "
             "agent with our node id) runs; else 0",
             counts.degraded ? 1 : 0);
  text.gauge("isolated",
             "1 while this agent should hear other agents and hears none; /v1/status has the "
             "reason; else 0",
             counts.isolated ? 1 : 0);
  text.counter("log_lines_lost_total",
               "Log lines lost since the start, because the reader of stderr was too slow",
               counts.log_lines_lost);
  text.counter("writes_total",
               "Write requests of clients that were committed and acknowledged since the start",
               counts.writes);
  text.counter("writes_refused_total",
               "Write requests of clients that were answered with an error since the start",
               counts.writes_refused);
  text.counter(
      "vector_advances_total",
      "Actors whose number grew in the version vector, summed over all commits since the start",
      counts.changes_applied);
  text.gauge("store_queue_inputs",
             "Writes and received messages that wait for the store thread now",
             static_cast<double>(counts.waiting));
  text.gauge("event_watchers", "Event streams that are open now",
             static_cast<double>(counts.watchers));
  text.gauge("wal_bytes_max",
             "Largest size in bytes of the database's write-ahead log since it was opened",
             static_cast<double>(counts.wal_bytes_max));
  text.gauge("database_free_pages",
             "Free pages of 4,096 bytes in the database file, looked up once a second",
             static_cast<double>(counts.free_pages));
  for (std::size_t i = 0; i < counts.notices.size(); ++i) {
    NoticeWords words = words_for(static_cast<Notice::Kind>(i));
    text.counter(
        "notices_total",
        "Notices of the replica since the start, by kind; docs/operating.md explains each kind",
        counts.notices[i], fmt::format("kind=\"{}\"", words.event));
  }
}

void add_store(MetricsText& text, const StoreFigures& store) {
  text.gauge("objects", "Objects that hold at least one cell now",
             static_cast<double>(store.objects));
  text.gauge("cells", "Cells in force now, of all objects", static_cast<double>(store.cells));
  text.gauge("log_changes", "Changes that the change log holds now",
             static_cast<double>(store.log_changes));
  text.gauge("log_bytes",
             "Bytes that the change log takes in the database now, compressed as there",
             static_cast<double>(store.log_bytes));
}

void add_texts(MetricsText& text, const StoreCounts& counts) {
  text.gauge("texts", "Texts that the database holds now", static_cast<double>(counts.texts));
  text.gauge("texts_waiting", "Texts with edits now that are not folded into their blocks",
             static_cast<double>(counts.texts_waiting));
  text.gauge("text_changes_waiting", "Changes of texts now that are not folded into their blocks",
             static_cast<double>(counts.changes_waiting));
  text.counter("text_folds_total", "Folds of texts since the database was opened", counts.folds);
  text.gauge("texts_open_bytes", "Bytes of memory that open texts take now",
             static_cast<double>(counts.texts_open_bytes));
  text.gauge("memtable_bytes",
             "Bytes of memory that changed cells take now which are not folded into their places",
             static_cast<double>(counts.memtable_bytes));
  text.counter("database_written_bytes_total",
               "Bytes of pages written to the write-ahead log since the database was opened; a "
               "checkpoint copies each page at most once more",
               counts.written_bytes);
  text.counter("database_written_changes_total",
               "Changes committed since the database was opened, own ones and received ones",
               counts.written_changes);
}

void add_joins(MetricsText& text, const JoinTotals& joins) {
  const std::pair<std::string_view, std::uint64_t> objects[] = {
      {"new", joins.counts.objects_new},
      {"changed", joins.counts.objects_changed},
      {"removed", joins.counts.objects_removed}};
  for (const auto& [effect, count] : objects) {
    text.counter("join_objects_total",
                 "Objects that state joins and imports of state files brought, changed or removed "
                 "since the start",
                 count, fmt::format("effect=\"{}\"", effect));
  }
  text.counter("join_cells_total",
               "Cells that state joins and imports of state files added or removed since the start",
               joins.counts.cells_added, "effect=\"added\"");
  text.counter("join_cells_total",
               "Cells that state joins and imports of state files added or removed since the start",
               joins.counts.cells_removed, "effect=\"removed\"");
  text.counter("join_own_kept_total",
               "Changes of this node that the other side of a state join lacked when it was merged",
               joins.counts.own_kept);
  text.counter("join_bytes_total", "Bytes of the pages that state joins took since the start",
               joins.bytes);
  text.counter("imports_total", "Imports of a state file that were merged since the start",
               joins.imports);
}

void add_members(MetricsText& text, const std::vector<gossip::MemberView>& members) {
  MemberCounts counts = count_members(members);
  const std::pair<std::string_view, std::uint64_t> states[] = {{"alive", counts.alive},
                                                               {"suspect", counts.suspect},
                                                               {"dead", counts.dead},
                                                               {"left", counts.left},
                                                               {"unreachable", counts.unreachable},
                                                               {"remembered", counts.remembered}};
  for (const auto& [state, count] : states) {
    text.gauge(
        "members",
        "Members known now, by state, this agent included; each member counts once. unreachable: "
        "its last state is alive, but this agent hears nobody. remembered: known from an earlier "
        "run and not heard since the start",
        static_cast<double>(count), fmt::format("state=\"{}\"", state));
  }
}

// The text as a label value: a backslash and a quote are escaped. The name of a member holds no
// control character.
std::string label_text(std::string_view text) {
  std::string out;
  for (char byte : text) {
    if (byte == '\\' || byte == '"') out += '\\';
    out += byte;
  }
  return out;
}

// For each member that was heard since the start and has not left. This agent itself is left out.
void add_peers(MetricsText& text, const std::vector<gossip::MemberView>& members,
               base::Instant now) {
  auto each = [&](auto add) {
    for (std::size_t i = 1; i < members.size(); ++i) {
      const gossip::MemberView& member = members[i];
      if (!member.met || member.record.state == gossip::MemberState::kLeft) continue;
      add(member, fmt::format("member=\"{}\",node=\"{}\"", label_text(member.record.name),
                              member.record.node.hex()));
    }
  };
  each([&](const gossip::MemberView& member, const std::string& labels) {
    text.gauge("peer_heard_seconds", "Seconds since this agent last heard this member",
               static_cast<double>((now - member.heard).nanos) / 1e9, labels);
  });
  each([&](const gossip::MemberView& member, const std::string& labels) {
    if (!member.behind) return;
    text.gauge("peer_lag_changes",
               "Changes that this member has and this agent lacks now, as far as this agent knows",
               static_cast<double>(*member.behind), labels);
  });
  each([&](const gossip::MemberView& member, const std::string& labels) {
    if (!member.vector_lag) return;
    text.gauge("peer_lacks_changes",
               "Changes that this agent has and this member lacks now, as far as this agent knows",
               static_cast<double>(*member.vector_lag), labels);
  });
}

void add_datagrams(MetricsText& text, const gossip::Stats& mesh) {
  text.counter("datagrams_sent_total", "Sealed datagrams sent since the start",
               mesh.datagrams_sent);
  text.counter("datagrams_received_total",
               "Datagrams received since the start that passed authentication",
               mesh.datagrams_received);
  text.counter("datagram_bytes_sent_total", "Bytes of the datagrams sent, without IP headers",
               mesh.bytes_sent);
  text.counter("datagram_bytes_received_total",
               "Bytes of the datagrams that passed authentication, without IP headers",
               mesh.bytes_received);
  const std::pair<std::string_view, std::uint64_t> refused[] = {
      {"malformed", mesh.refused_malformed},
      {"key", mesh.refused_key},
      {"authentication", mesh.refused_authentication},
      {"replay", mesh.refused_replay},
      {"epoch", mesh.refused_epoch},
      {"unproven", mesh.refused_unproven},
      {"content", mesh.refused_content}};
  for (const auto& [reason, count] : refused) {
    text.counter("refused_total", "Received datagrams that were dropped since the start, by reason",
                 count, fmt::format("reason=\"{}\"", reason));
  }
  text.counter(
      "challenges_sent_total",
      "Challenges sent since the start: the peer must return a token to prove that it is alive",
      mesh.challenges_sent);
  text.counter("challenges_suppressed_total",
               "Challenges not sent, because copies of one datagram came again and again",
               mesh.challenges_suppressed);
}

void add_membership(MetricsText& text, const gossip::Stats& mesh) {
  text.counter("pings_sent_total", "Pings sent to members since the start", mesh.pings_sent);
  text.counter("acks_received_total", "Answers to pings received since the start",
               mesh.acks_received);
  text.counter("members_forgotten_total",
               "Members removed from the list since the start: dead or left for long, or replaced "
               "at their address",
               mesh.members_forgotten);
  text.counter("members_refused_total",
               "New members refused since the start, because the list of members was full",
               mesh.members_refused);
  text.counter(
      "ghosts_expired_total",
      "Members removed since the start: other members named them, but nobody had heard them",
      mesh.hearsay_expired);
  text.counter("suspicions_total",
               "Suspicions raised by this agent since the start: a member did not answer a probe",
               mesh.suspicions);
  text.counter("silences_total",
               "Failed probes since the start whose cause was this agent itself, not the target",
               mesh.silences);
  text.counter("refutations_total",
               "Times since the start that this agent contradicted a suspicion of itself",
               mesh.refutations);
  text.counter(
      "pauses_total",
      "Times since the start that this process stood still (suspended, swapped out, no CPU time)",
      mesh.pauses);
}

void add_spread(MetricsText& text, const gossip::Stats& mesh) {
  text.counter("pushes_sent_total",
               "Own changes pushed since the start, counted once for each receiver",
               mesh.pushes_sent);
  text.counter("pushes_repeated_total",
               "Changes pushed to further members since the start, because too few of the first "
               "ones answered",
               mesh.pushes_repeated);
  text.counter(
      "pushes_unwatched_total",
      "Pushes since the start whose arrival was not watched, because too many were watched already",
      mesh.pushes_unwatched);
  text.counter("pushes_relayed_total",
               "Changes of other agents relayed since the start, counted once for each receiver",
               mesh.pushes_relayed);
  text.counter("relays_dropped_total",
               "Changes not relayed since the start, because the relay had no room; reconciliation "
               "brings them",
               mesh.relays_dropped);
  text.counter("changes_received_total", "Changes received from peers since the start",
               mesh.changes_received);
  text.counter("changes_duplicate_total", "Received changes that this agent had already",
               mesh.changes_duplicate);
  text.counter(
      "changes_dropped_total",
      "Received changes that were dropped because the queue was full; they are fetched again",
      mesh.changes_dropped);
}

void add_presences(MetricsText& text, std::size_t shown, const gossip::Stats& mesh) {
  text.gauge("presences", "Presences of clients of all agents that this agent shows now",
             static_cast<double>(shown));
  text.counter("presences_sent_total",
               "Presences sent since the start, own and relayed, counted once for each receiver",
               mesh.presences_sent);
  text.counter("presence_bytes_sent_total",
               "Bytes of the presences sent since the start; datagram_bytes_sent_total has those "
               "that went in datagrams too",
               mesh.presence_bytes_sent);
  text.counter("presences_received_total", "Presences received from members since the start",
               mesh.presences_received);
  text.counter("presences_duplicate_total",
               "Received presences that this agent knew already, or that were late copies",
               mesh.presences_duplicate);
  const std::pair<std::string_view, std::uint64_t> dropped[] = {
      {"bound", mesh.presences_dropped_bound},
      {"rate", mesh.presences_dropped_rate},
      {"origin", mesh.presences_dropped_origin}};
  for (const auto& [reason, count] : dropped) {
    text.counter("presences_dropped_total",
                 "Received presences dropped since the start: the table was full, one member told "
                 "of too many, or their origin is no living member",
                 count, fmt::format("reason=\"{}\"", reason));
  }
  const std::pair<std::string_view, std::uint64_t> refused[] = {
      {"bound", mesh.presences_refused_bound}, {"rate", mesh.presences_refused_rate}};
  for (const auto& [reason, count] : refused) {
    text.counter("presences_refused_total",
                 "Presences of clients of this agent that were answered with 429 since the start",
                 count, fmt::format("reason=\"{}\"", reason));
  }
}

void add_reconciliation(MetricsText& text, const gossip::Stats& mesh) {
  text.counter("reconciliations_total", "Reconciliations that this agent began since the start",
               mesh.reconciliations);
  text.counter("ranges_served_total", "Pages of the change log sent to peers since the start",
               mesh.ranges_served);
  text.counter("ranges_busy_total",
               "Requests of peers for the change log that were told to come later, because too "
               "many were served",
               mesh.ranges_busy);
  text.counter("below_floor_total",
               "Times since the start that a change log did not reach back far enough, so that a "
               "state join is needed",
               mesh.below_floor);
  text.counter("joins_total", "State joins that ended since the start, by outcome",
               mesh.state_joins_merged, "outcome=\"merged\"");
  text.counter("joins_total", "State joins that ended since the start, by outcome",
               mesh.state_joins_failed, "outcome=\"failed\"");
  text.counter("joins_started_total", "State joins that this agent began since the start",
               mesh.state_joins);
  text.counter("join_pages_total", "Snapshot pages received in state joins since the start",
               mesh.state_join_pages);
  text.counter("snapshots_served_total",
               "Snapshot pages of our state sent to peers since the start", mesh.snapshots_served);
  text.counter(
      "snapshots_busy_total",
      "Requests of peers for our state that were told to come later, because too many were served",
      mesh.snapshots_busy);
  text.counter("vector_entries_sent_total",
               "Entries of version vectors sent to peers since the start",
               mesh.vector_entries_sent);
  text.counter("vectors_whole_total",
               "Times since the start that this agent asked a peer for its whole version vector",
               mesh.vectors_whole);
  text.counter("vectors_refused_total",
               "Whole version vectors refused since the start: too many entries, or the checksum "
               "did not match",
               mesh.vectors_refused);
  text.counter("actors_closed_total",
               "Actors closed since the start, because all living members hold them in full",
               mesh.actors_closed);
  text.counter("divergences_total",
               "Times since the start that a peer had an equal version vector and another digest",
               mesh.divergences);
  text.counter(
      "echoes_total",
      "Times since the start that a peer showed changes of our own actor that we do not have",
      mesh.echoes);
}

void add_sessions(MetricsText& text, const transport::Stats& sessions) {
  text.counter("datagrams_dropped_total",
               "Datagrams that the kernel did not accept for sending since the start",
               sessions.datagrams_dropped);
  text.counter("sessions_total", "Sessions established since the start, by the side that connected",
               sessions.sessions_opened, "side=\"opened\"");
  text.counter("sessions_total", "Sessions established since the start, by the side that connected",
               sessions.sessions_accepted, "side=\"accepted\"");
  text.counter("handshakes_refused_total", "Session handshakes that failed since the start",
               sessions.handshakes_refused);
  text.counter("handshakes_displaced_total",
               "Failed handshakes that were closed to make room for a newer connection",
               sessions.handshakes_displaced);
  text.counter("frames_dropped_total",
               "Messages of sessions dropped since the start: the queue was full, or no session "
               "could be opened",
               sessions.frames_dropped);
  text.counter("session_bytes_total", "Bytes of sessions since the start, by direction",
               sessions.bytes_sent, "direction=\"sent\"");
  text.counter("session_bytes_total", "Bytes of sessions since the start, by direction",
               sessions.bytes_received, "direction=\"received\"");
}

void add_http(MetricsText& text, const http::Stats& http) {
  text.gauge("http_connections", "HTTP connections that are open now",
             static_cast<double>(http.connections));
  text.counter("http_connections_total", "HTTP connections accepted since the start",
               http.connections_total);
  text.counter("http_connections_refused_total",
               "HTTP connections closed at once since the start, because too many were open",
               http.connections_refused);
  for (const auto& [status, count] : http.responses) {
    text.counter("http_responses_total", "HTTP answers since the start, by status code", count,
                 fmt::format("code=\"{}\"", status));
  }
  text.gauge("http_answer_bytes",
             "Bytes of answers and event streams that wait now for their clients to read them",
             static_cast<double>(http.answer_bytes));
  text.gauge("http_answers_waiting", "HTTP requests that wait now for memory for their answer",
             static_cast<double>(http.answers_wait));
  text.counter("http_answers_cut_total",
               "HTTP connections closed since the start: the client did not read its answer, and "
               "others needed the memory",
               http.answers_cut);
  text.counter("http_answers_refused_total",
               "HTTP requests answered with an error since the start, because no memory for their "
               "answer became free in time",
               http.answers_refused);
  text.counter("http_answers_broken_total",
               "HTTP answers that were begun and not completed since the start, after an error; "
               "the connection was closed",
               http.answers_broken);
  text.counter("http_streams_cut_total",
               "Event streams and WebSockets closed since the start, because the client read too "
               "slowly",
               http.streams_cut);
  text.gauge("http_websockets", "WebSockets that are open now",
             static_cast<double>(http.websockets));
  text.counter("http_tls_handshakes_failed_total",
               "Connections closed since the start before their TLS handshake was complete",
               http.tls_handshakes_failed);
}

void add_access(MetricsText& text, const DaemonCounts& counts) {
  text.gauge("api_keys", "API keys that this agent knows now",
             static_cast<double>(counts.api_keys));
  text.gauge("nonces", "Nonces that were given out and not used yet",
             static_cast<double>(counts.nonces));
  text.counter("nonces_given_total", "Nonces given out since the start",
               counts.access.nonces_given);
  text.counter("http_requests_with_key_total",
               "HTTP requests since the start that had a known API key", counts.access.with_key);
  for (std::size_t i = 1; i < auth::kRefusals; ++i) {
    text.counter("http_requests_refused_total",
                 "HTTP requests refused since the start for what their caller may do, by cause",
                 counts.access.refused[i],
                 fmt::format("cause=\"{}\"", auth::refusal_name(static_cast<auth::Refusal>(i))));
  }
}

}  // namespace

std::string metrics_text(const AgentFacts& facts, const DaemonCounts& counts,
                         const std::vector<gossip::MemberView>& members, const gossip::Stats& mesh,
                         const transport::Stats& sessions, const http::Stats& http) {
  MetricsText text;
  add_agent(text, facts, counts);
  add_store(text, counts.store);
  add_texts(text, counts.replica);
  add_joins(text, counts.joins);
  add_members(text, members);
  add_peers(text, members, counts.now);
  add_datagrams(text, mesh);
  add_membership(text, mesh);
  add_spread(text, mesh);
  add_presences(text, counts.presences, mesh);
  add_reconciliation(text, mesh);
  add_sessions(text, sessions);
  add_http(text, http);
  add_access(text, counts);
  return text.take();
}

}  // namespace agent
