#include "tools/cli/mesh_commands.h"

#include <fmt/format.h>

#include "agent/host_port.h"
#include "crdt/base/json_string.h"
#include "tools/cli/amounts.h"
#include "tools/cli/join_text.h"
#include "tools/cli/json_text.h"
#include "tools/cli/listing.h"
#include "tools/cli/shape.h"

namespace cli {
namespace {

Colour state_colour(std::string_view state) {
  if (state == "ready" || state == "alive") return Colour::kGreen;
  if (state == "syncing" || state == "suspect") return Colour::kYellow;
  if (state == "degraded" || state == "dead") return Colour::kRed;
  return Colour::kNone;
}

std::string shown(std::string_view value) {
  return value == "null" || value.empty() ? "-" : unquote(value);
}

std::string shown_id(std::string_view value) { return short_id(shown(value)); }

// Example: "alive, no TCP". The state, and the kind of traffic that does not get through to or from
// the member.
std::string state_text(std::string_view member, std::string_view state) {
  std::string text(field(member, "remembered") == "true" ? "remembered" : state);
  bool lives = state == "alive" || state == "suspect";
  if (lives && field(member, "heard") == "false") text += ", not heard";
  if (field(member, "udp_blocked") == "true") text += ", no UDP";
  if (field(member, "tcp_blocked") == "true") text += ", no TCP";
  if (field(member, "unreachable") == "true") text += ", unreachable";
  return text;
}

// Members that have left, that this agent cannot hear, or that it only remembers are counted
// separately, if there are any.
std::string member_counts(std::string_view counted) {
  auto text = fmt::format("{} alive, {} suspect, {} dead", shown(field(counted, "alive")),
                          shown(field(counted, "suspect")), shown(field(counted, "dead")));
  for (std::string_view name : {"left", "unreachable", "remembered"}) {
    auto count = number(field(counted, name));
    if (count > 0) text += fmt::format(", {} {}", count, name);
  }
  return text;
}

// The vector has the open actors only. How many are closed differs between agents that have the
// same data, so the line names them too.
std::string vector_summary(std::string_view vector, std::string_view closed) {
  auto actors = members(vector);
  if (!actors) return "-";
  std::uint64_t changes = 0;
  for (const auto& actor : *actors) changes += number(actor.value);
  return fmt::format("{} by {}, and those of {}", counted(changes, "change"),
                     counted(actors->size(), "open actor"),
                     counted(number(field(closed, "actors")), "closed actor"));
}

// The join that changed something last, and the last one if it is another.
std::vector<std::pair<std::string, Cell>> join_rows(Names& names, std::string_view last,
                                                    std::string_view merge) {
  const bool only_one = merge.empty() || merge == "null" || merge == last;
  if (only_one) return {{"joined", {last_join(names, last)}}};
  return {{"joined", {last_join(names, merge)}}, {"last join", {last_join(names, last)}}};
}

// Why the agent is isolated; empty when it is not.
std::string isolation(std::string_view body) {
  auto reason = field(body, "isolated");
  return reason == "null" ? "" : unquote(reason);
}

void print_status(Session& session, std::string_view body) {
  auto at = [&](std::string_view name) { return field(body, name); };
  auto text = [&](std::string_view name) { return Cell{shown(at(name))}; };
  auto counted = at("members");
  auto log = at("log");
  auto clock = at("clock");
  auto state = shown(at("state"));
  bool trusted = field(clock, "trusted") == "true";
  auto reason = unquote(at("reason"));
  auto isolated = isolation(body);
  std::string verdict = reason.empty() ? state : state + ": " + reason;
  if (!isolated.empty()) verdict += (reason.empty() ? ", isolated: " : "; isolated: ") + isolated;
  std::vector<std::pair<std::string, Cell>> rows = {
      {shown(at("name")), {verdict, isolated.empty() ? state_colour(state) : Colour::kRed}},
      {"node", {shown_id(at("node_id"))}},
      {"actor",
       {at("actor_id") == "null" ? "none before the first write" : shown_id(at("actor_id"))}},
      {"version", text("version")},
      {"mesh", text("bind")},
      {"http", text("http")},
      {"spread", {fmt::format("{}, profile {}", shown(at("topology")), shown(at("profile")))}},
      {"members",
       {member_counts(counted),
        number(field(counted, "suspect")) > 0 ? Colour::kYellow : Colour::kNone}},
      {"data", {fmt::format("{} objects, {} cells", shown(at("objects")), shown(at("cells")))}},
      {"digest", text("digest")},
      {"vector", {vector_summary(at("vector"), at("closed"))}},
      {"log",
       {fmt::format("{} changes, {}", shown(field(log, "changes")),
                    byte_count(number(field(log, "bytes"))))}},
      {"clock",
       {fmt::format("{}, offset {} ms", trusted ? "trusted" : "not trusted",
                    shown(field(clock, "offset_ms"))),
        trusted ? Colour::kNone : Colour::kYellow}},
  };
  for (auto& row : join_rows(session.names, at("last_join"), at("last_merge"))) {
    rows.push_back(std::move(row));
  }
  rows.push_back({"uptime", {time_span(number(at("uptime_seconds")))}});
  session.printer.pairs(rows);
}

// Between types: the type, and the value if there is one.
std::string value_of_side(std::string_view side, std::string_view rule) {
  const std::string value(field(side, "value"));
  if (rule != "type") return value;
  const std::string type = shown(field(side, "type"));
  return value == "null" ? type : type + " " + value;
}

// Example: "1.0 by n2 99aabbcc at 2026-01-31T12:00:00.123Z".
std::string lost(Names& names, std::string_view loser, std::string_view rule) {
  return fmt::format("{} by {} at {}", value_of_side(loser, rule),
                     names.of(shown(field(loser, "writer"))),
                     readable_stamp(shown(field(loser, "stamp"))));
}

Row conflict_row(Names& names, std::string_view conflict) {
  const std::vector<std::string_view> none;
  auto winner = field(conflict, "winner");
  std::string place = shown(field(conflict, "object"));
  for (auto step : elements(field(conflict, "path")).value_or(none)) place += "/" + unquote(step);
  const std::string rule = shown(field(conflict, "rule"));
  std::string losers;
  for (auto loser : elements(field(conflict, "losers")).value_or(none)) {
    if (!losers.empty()) losers += ", ";
    losers += lost(names, loser, rule);
  }
  return {{place},
          {value_of_side(winner, rule)},
          {names.of(shown(field(winner, "writer")))},
          {readable_stamp(shown(field(winner, "stamp")))},
          {rule},
          {losers}};
}

bool is_status(std::string_view body) {
  return has_shape(body, {{"name", Kind::kString},
                          {"node_id", Kind::kString},
                          {"version", Kind::kString},
                          {"state", Kind::kString},
                          {"members", Kind::kObject},
                          {"vector", Kind::kObject},
                          {"digest", Kind::kString}});
}

// An agent lists itself, so an empty list does not come from an agent.
bool are_members(const std::vector<std::string_view>& all) {
  return !all.empty() && all_have_shape(all, {{"name", Kind::kString},
                                              {"node_id", Kind::kString},
                                              {"address", Kind::kString},
                                              {"state", Kind::kString}});
}

bool are_conflicts(const std::vector<std::string_view>& page) {
  return all_have_shape(page, {{"object", Kind::kString},
                               {"path", Kind::kArray},
                               {"winner", Kind::kObject},
                               {"losers", Kind::kArray},
                               {"rule", Kind::kString}});
}

}  // namespace

int show_status(Session& session) {
  auto answer = session.client.get("/v1/status");
  if (!answer.ok()) return fail(answer.error());
  if (!is_status(answer->body)) return foreign_answer(session, "GET /v1/status");
  auto state = unquote(field(answer->body, "state"));
  if (session.printer.is_table()) {
    print_status(session, answer->body);
  } else {
    session.printer.answer(answer->body);
  }
  auto isolated = isolation(answer->body);
  if (!isolated.empty()) say("the agent is isolated: " + isolated);
  if (state != "degraded") return isolated.empty() ? kDone : kUnhealthy;
  auto reason = unquote(field(answer->body, "reason"));
  say(reason.empty() ? "the agent is degraded" : "the agent is degraded: " + reason);
  return kUnhealthy;
}

int show_members(Session& session) {
  auto answer = session.client.get("/v1/members");
  if (!answer.ok()) return fail(answer.error());
  auto all = elements(answer->body);
  if (!all || !are_members(*all)) return foreign_answer(session, "GET /v1/members");
  if (!session.printer.is_table()) {
    session.printer.answer(answer->body, *all);
    return kDone;
  }
  std::vector<Row> rows;
  for (auto member : *all) {
    auto at = [&](std::string_view name) { return shown(field(member, name)); };
    auto state = at("state");
    auto rtt = at("rtt_ms");
    rows.push_back({{at("name")},
                    {state_text(member, state), state_colour(state)},
                    {at("address")},
                    {rtt == "-" ? rtt : rtt + " ms"},
                    {at("vector_lag")},
                    {at("topology")},
                    {at("incarnation")},
                    {short_id(at("node_id"))}});
  }
  session.printer.rows(
      {"NAME", "STATE", "ADDRESS", "RTT", "LAG", "TOPOLOGY", "INCARNATION", "NODE"}, rows);
  return kDone;
}

int join(Session& session, const std::string& address) {
  auto parsed = agent::HostPort::parse(address);
  if (!parsed || parsed->port == 0 || parsed->is_any()) {
    return usage_error(fmt::format("join \"{}\": expected HOST:PORT of another agent", address));
  }
  if (stderr_is_terminal()) say(fmt::format("joining {} …", address));
  auto answer = session.client.send("POST", "/v1/join",
                                    fmt::format(R"({{"address":{}}})", base::json_quote(address)));
  if (!answer.ok()) return fail(answer.error());
  if (!has_shape(answer->body, {{"joined", Kind::kBoolean}, {"address", Kind::kString}})) {
    return foreign_answer(session, "POST /v1/join");
  }
  bool joined = field(answer->body, "joined") == "true";
  if (!session.printer.is_table()) {
    session.printer.answer(answer->body);
  } else if (joined) {
    session.printer.line(fmt::format("joined {}", shown(field(answer->body, "address"))));
  }
  if (joined) return kDone;
  auto reason = unquote(field(answer->body, "reason"));
  if (reason.empty()) reason = "no answer";
  auto cause = unquote(field(answer->body, "cause"));
  bool goes_on = cause != "own_address";
  say(fmt::format("{}: {}{}", address, reason, goes_on ? ". The agent goes on trying" : ""));
  bool silent = cause == "no_answer" || cause == "no_udp";
  return silent ? kTimedOut : kError;
}

int leave(Session& session) {
  auto answer = session.client.send("POST", "/v1/leave", "{}");
  if (!answer.ok()) return fail(answer.error());
  if (field(answer->body, "left") != "true") return foreign_answer(session, "POST /v1/leave");
  if (!session.printer.is_table()) {
    session.printer.answer(answer->body);
  } else {
    session.printer.line("left the mesh; the agent goes on serving, `hearsay join` brings it back");
  }
  return kDone;
}

int show_conflicts(Session& session) {
  Listing listing;
  listing.header = {"PLACE", "SHOWN", "WRITER", "TIME", "RULE", "LOSERS"};
  listing.elements = elements;
  listing.next = linked_page;
  listing.is_ours = are_conflicts;
  listing.row = [&session](std::string_view conflict) {
    return conflict_row(session.names, conflict);
  };
  listing.empty_exit = kDone;
  listing.empty_message = "no conflicts";
  return print_listing(session, listing, "/v1/conflicts");
}

}  // namespace cli
