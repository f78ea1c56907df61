#include "agent/daemon_metrics.h"

#include <fmt/format.h>

#include "agent/api/member_counts.h"
#include "agent/metrics.h"

namespace agent {
namespace {

void add_agent(MetricsText& text, const AgentFacts& facts, const DaemonCounts& counts) {
  text.gauge("build_info", "The version that runs", 1,
             fmt::format("version=\"{}\"", facts.version));
  text.gauge("uptime_seconds", "Since the start", static_cast<double>(counts.uptime.nanos) / 1e9);
  text.gauge("degraded", "1 while the disk stops writing, a damaged row was met, or a twin runs",
             counts.degraded ? 1 : 0);
  text.gauge("isolated", "1 while this agent is cut off from its mesh; /v1/status has the reason",
             counts.isolated ? 1 : 0);
  text.counter("log_lines_lost_total", "Log lines that the reader of stderr did not take in time",
               counts.log_lines_lost);
  text.counter("writes_total", "Acknowledged writes", counts.writes);
  text.counter("writes_refused_total", "Writes answered with an error", counts.writes_refused);
  text.counter("vector_advances_total", "Vector entries moved by commits", counts.changes_applied);
  text.gauge("store_queue_inputs", "Inputs that wait for the store thread",
             static_cast<double>(counts.waiting));
  text.gauge("event_watchers", "Open event streams", static_cast<double>(counts.watchers));
  for (std::size_t i = 0; i < counts.notices.size(); ++i) {
    NoticeWords words = words_for(static_cast<Notice::Kind>(i));
    text.counter("notices_total", "Facts that the replica reported", counts.notices[i],
                 fmt::format("kind=\"{}\"", words.event));
  }
}

void add_store(MetricsText& text, const StoreFigures& store) {
  text.gauge("objects", "Objects that hold something", static_cast<double>(store.objects));
  text.gauge("cells", "Live cells of all objects", static_cast<double>(store.cells));
  text.gauge("log_changes", "Changes in the log", static_cast<double>(store.log_changes));
  text.gauge("log_bytes", "Bytes of the log", static_cast<double>(store.log_bytes));
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
    text.gauge("members",
               "Known members by state, this agent too; each counts once. unreachable: alive, but "
               "this agent hears nobody. remembered: not heard since the start",
               static_cast<double>(count), fmt::format("state=\"{}\"", state));
  }
}

// As a label value: backslash, quote and line feed are escaped, a name holds no other control
// characters.
std::string label_text(std::string_view text) {
  std::string out;
  for (char byte : text) {
    if (byte == '\\' || byte == '"') out += '\\';
    out += byte;
  }
  return out;
}

// Of each member that was heard since the start and has not left, but not of this agent.
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
    text.gauge("peer_heard_seconds", "Seconds since this member was last heard",
               static_cast<double>((now - member.heard).nanos) / 1e9, labels);
  });
  each([&](const gossip::MemberView& member, const std::string& labels) {
    if (!member.behind) return;
    text.gauge("peer_lag_changes", "Changes that this member has and this agent lacks",
               static_cast<double>(*member.behind), labels);
  });
  each([&](const gossip::MemberView& member, const std::string& labels) {
    if (!member.vector_lag) return;
    text.gauge("peer_lacks_changes", "Changes that this agent has and this member lacks",
               static_cast<double>(*member.vector_lag), labels);
  });
}

void add_datagrams(MetricsText& text, const gossip::Stats& mesh) {
  text.counter("datagrams_sent_total", "Sealed datagrams sent", mesh.datagrams_sent);
  text.counter("datagrams_received_total", "Datagrams that authenticated", mesh.datagrams_received);
  text.counter("datagram_bytes_sent_total", "Bytes of them", mesh.bytes_sent);
  text.counter("datagram_bytes_received_total", "Bytes of them", mesh.bytes_received);
  const std::pair<std::string_view, std::uint64_t> refused[] = {
      {"malformed", mesh.refused_malformed},
      {"key", mesh.refused_key},
      {"authentication", mesh.refused_authentication},
      {"replay", mesh.refused_replay},
      {"epoch", mesh.refused_epoch},
      {"unproven", mesh.refused_unproven},
      {"content", mesh.refused_content}};
  for (const auto& [reason, count] : refused) {
    text.counter("refused_total", "Datagrams dropped, by reason", count,
                 fmt::format("reason=\"{}\"", reason));
  }
  text.counter("challenges_sent_total", "Requests for an echo", mesh.challenges_sent);
  text.counter("challenges_suppressed_total",
               "Not sent, because the same datagram came again and again",
               mesh.challenges_suppressed);
}

void add_protocol(MetricsText& text, const gossip::Stats& mesh) {
  text.counter("pings_sent_total", "Pings", mesh.pings_sent);
  text.counter("acks_received_total", "Answers to them", mesh.acks_received);
  text.counter("members_forgotten_total", "Members that were dead or left for long, or replaced",
               mesh.members_forgotten);
  text.counter("members_refused_total", "Members above the bound", mesh.members_refused);
  text.counter("hearsay_expired_total", "Members that others named and nobody has heard",
               mesh.hearsay_expired);
  text.counter("suspicions_total", "Members suspected", mesh.suspicions);
  text.counter("silences_total", "Probes that failed with us, not with the target", mesh.silences);
  text.counter("refutations_total", "Contradictions of what was said of us", mesh.refutations);
  text.counter("pauses_total", "Times this process stood still", mesh.pauses);
  text.counter("pushes_sent_total", "Changes pushed, times targets", mesh.pushes_sent);
  text.counter("pushes_repeated_total", "Changes pushed to more members, for too few answered",
               mesh.pushes_repeated);
  text.counter("pushes_unwatched_total", "Pushes for which no answers were counted",
               mesh.pushes_unwatched);
  text.counter("pushes_relayed_total", "Changes of others passed on, times targets",
               mesh.pushes_relayed);
  text.counter("relays_dropped_total", "Changes not passed on by the bound", mesh.relays_dropped);
  text.counter("changes_received_total", "Changes received", mesh.changes_received);
  text.counter("changes_duplicate_total", "Of them known already", mesh.changes_duplicate);
  text.counter("changes_dropped_total", "Of them dropped by a full queue", mesh.changes_dropped);
  text.counter("reconciliations_total", "Exchanges started", mesh.reconciliations);
  text.counter("ranges_served_total", "Log ranges given out", mesh.ranges_served);
  text.counter("ranges_busy_total", "Log ranges refused by the bound", mesh.ranges_busy);
  text.counter("below_floor_total", "Ranges that need a state join", mesh.below_floor);
  text.counter("joins_total", "State joins, by outcome", mesh.joins_merged, "outcome=\"merged\"");
  text.counter("joins_total", "State joins, by outcome", mesh.joins_failed, "outcome=\"failed\"");
  text.counter("joins_started_total", "State joins begun", mesh.joins);
  text.counter("join_pages_total", "Pages of states received", mesh.join_pages);
  text.counter("snapshots_served_total", "Pages of our state given out", mesh.snapshots_served);
  text.counter("snapshots_busy_total", "Askers for it refused by the bound", mesh.snapshots_busy);
  text.counter("vector_entries_sent_total", "Vector entries told to peers",
               mesh.vector_entries_sent);
  text.counter("vectors_whole_total", "Whole vectors asked for", mesh.vectors_whole);
  text.counter("vectors_refused_total", "Whole vectors that did not fit their sum",
               mesh.vectors_refused);
  text.counter("actors_closed_total", "Actors held in full by all members", mesh.actors_closed);
  text.counter("divergences_total", "Equal vectors with unequal digests", mesh.divergences);
  text.counter("echoes_total", "Our own actor seen going on elsewhere", mesh.echoes);
}

void add_sessions(MetricsText& text, const transport::Stats& sessions) {
  text.counter("datagrams_dropped_total", "Not taken by the kernel", sessions.datagrams_dropped);
  text.counter("sessions_total", "Sessions established", sessions.sessions_opened,
               "side=\"opened\"");
  text.counter("sessions_total", "Sessions established", sessions.sessions_accepted,
               "side=\"accepted\"");
  text.counter("handshakes_refused_total", "Handshakes that failed", sessions.handshakes_refused);
  text.counter("handshakes_displaced_total", "Of these, gave way to a newer connection",
               sessions.handshakes_displaced);
  text.counter("frames_dropped_total", "Messages dropped by a full queue", sessions.frames_dropped);
  text.counter("session_bytes_total", "Bytes of sessions", sessions.bytes_sent,
               "direction=\"sent\"");
  text.counter("session_bytes_total", "Bytes of sessions", sessions.bytes_received,
               "direction=\"received\"");
}

void add_http(MetricsText& text, const http::Stats& http) {
  text.gauge("http_connections", "Open connections", static_cast<double>(http.connections));
  text.counter("http_connections_total", "Accepted connections", http.connections_total);
  text.counter("http_connections_refused_total", "Closed at once by the bound",
               http.connections_refused);
  for (const auto& [status, count] : http.responses) {
    text.counter("http_responses_total", "Answers by status", count,
                 fmt::format("code=\"{}\"", status));
  }
  text.gauge("http_answer_bytes", "Bytes of answers and streams that wait for their clients",
             static_cast<double>(http.answer_bytes));
  text.gauge("http_answers_waiting", "Requests that wait for room for their answer",
             static_cast<double>(http.answers_wait));
  text.counter("http_answers_cut_total", "Clients cut off because others needed the room",
               http.answers_cut);
  text.counter("http_answers_refused_total", "Requests that found no room for their answer in time",
               http.answers_refused);
  text.counter("http_streams_cut_total", "Event streams whose client was too slow",
               http.streams_cut);
}

}  // namespace

std::string metrics_text(const AgentFacts& facts, const DaemonCounts& counts,
                         const std::vector<gossip::MemberView>& members, const gossip::Stats& mesh,
                         const transport::Stats& sessions, const http::Stats& http) {
  MetricsText text;
  add_agent(text, facts, counts);
  add_store(text, counts.store);
  add_members(text, members);
  add_peers(text, members, counts.now);
  add_datagrams(text, mesh);
  add_protocol(text, mesh);
  add_sessions(text, sessions);
  add_http(text, http);
  return text.take();
}

}  // namespace agent
