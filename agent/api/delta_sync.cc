#include "agent/api/delta_sync.h"

#include <charconv>
#include <memory>
#include <numeric>
#include <utility>

#include "agent/api/delta_errors.h"
#include "agent/api/deltas.h"
#include "agent/api/json_text.h"
#include "agent/api/limits.h"
#include "agent/api/place_read.h"
#include "agent/api/reading.h"
#include "agent/api/request_name.h"

namespace agent {
namespace {

void refuse_delta(const ExchangePtr& exchange, const base::Error& error) {
  exchange->respond(delta_error(error));
}

// --- POST /crdt/sync

// ?wait=N&timeout_ms=T
struct Wait {
  std::size_t agents = 0;
  base::Duration within;
};

base::Result<std::uint64_t> number_query(const http::Target& target, std::string_view name,
                                         std::uint64_t usual, std::uint64_t most) {
  const auto text = target.query_value(name);
  if (!text) return usual;
  std::uint64_t number = 0;
  const char* end = text->data() + text->size();
  const auto read = std::from_chars(text->data(), end, number);
  if (read.ec == std::errc() && read.ptr == end && number <= most) return number;
  return base::invalid(std::string(name) + "=" + std::string(text->substr(0, 40)) +
                       ": expected a whole number from 0 to " + std::to_string(most));
}

base::Result<Wait> wait_of(const http::Target& target) {
  ASSIGN_OR_RETURN(const std::uint64_t agents, number_query(target, "wait", 0, kWaitAgentsMax));
  ASSIGN_OR_RETURN(const std::uint64_t millis,
                   number_query(target, "timeout_ms", kWaitMillis, kWaitMillisMax));
  return Wait{static_cast<std::size_t>(agents), base::millis(static_cast<std::int64_t>(millis))};
}

struct Synced {
  std::string object;
  std::uint64_t conflicts = 0;  // values of the delta that lost against what was there
  Wait wait;
};

// 504: fewer agents than the client wants hold the change. The answer names those that do.
void answer(const ExchangePtr& exchange, const Synced& synced,
            const std::vector<std::string>& holders, std::size_t wanted) {
  http::Response response = http::json_response(JsonObject()
                                                    .text("status", "syncd")
                                                    .text("merged_into", synced.object)
                                                    .number("conflicts_resolved", synced.conflicts)
                                                    .raw("replicated_to", json_strings(holders))
                                                    .take());
  if (holders.size() < wanted) response.status = 504;
  exchange->respond(std::move(response));
}

void written(MeshControl& mesh, const ExchangePtr& exchange, const Synced& synced,
             const std::optional<crdt::Dot>& dot) {
  // Nothing changed: there is no change that others could hold.
  if (!dot) return answer(exchange, synced, {}, 0);
  const Wait& wait = synced.wait;
  mesh.await_holders(*dot, wait.agents, wait.agents > 0 ? wait.within : base::Duration{},
                     [exchange, synced](const std::vector<std::string>& holders) {
                       answer(exchange, synced, holders, synced.wait.agents);
                     });
}

void write_delta(Data& data, MeshControl& mesh, const ExchangePtr& exchange, ParsedWrite write) {
  if (!write.ok()) return refuse_delta(exchange, write.error());
  auto wait = wait_of(exchange->request().target);
  if (!wait.ok()) return refuse_delta(exchange, wait.error());
  auto name = request_name(exchange->request());
  if (!name.ok()) return refuse_delta(exchange, name.error());
  write->name = *name;
  Synced synced{write->object, 0, *wait};
  if (write->ops.empty()) return answer(exchange, synced, {}, 0);
  data.write(std::move(*write),
             [&mesh, exchange, synced](const base::Result<Written>& done) mutable {
               if (!done.ok()) return exchange->respond(misfit_error(done.error()));
               synced.conflicts = done->count(crdt::Outcome::kSuperseded);
               written(mesh, exchange, synced, done->dot);
             });
}

void post_sync(Data& data, MeshControl& mesh, const ExchangePtr& exchange) {
  parse_write(data, exchange, parse_sync, [&data, &mesh, exchange](ParsedWrite write) {
    write_delta(data, mesh, exchange, std::move(write));
  });
}

// --- GET /crdt/object/{object_id}

http::Response object_response(store::Reader& reader, const Place& place) {
  auto shown = read_place(reader, place, false);
  if (!shown.ok()) return delta_error(shown.error());
  if (!*shown) return delta_error({base::Code::kNotFound, "nothing at " + place.object});
  const DotVector& vector = (*shown)->vector;
  const std::uint64_t lamport = std::accumulate(
      vector.begin(), vector.end(), std::uint64_t{0},
      [](std::uint64_t sum, const DotVector::value_type& entry) { return sum + entry.second; });
  return http::json_response(JsonObject()
                                 .text("object_id", place.object)
                                 .text("type", crdt::type_name((*shown)->type))
                                 .raw("value", (*shown)->value)
                                 .raw("vector_clock", vector_text(vector))
                                 .number("lamport", lamport)
                                 .take());
}

void get_synced(Data& data, const ExchangePtr& exchange) {
  Place place{exchange->request().captures.at(0), {}};
  if (auto valid = check_id("object_id", place.object); !valid.ok()) {
    return refuse_delta(exchange, {base::Code::kNotFound, valid.error().message});
  }
  answer_from_snapshot(data, exchange, kAnswerBytesMax,
                       [place](store::Reader& reader) { return object_response(reader, place); });
}

}  // namespace

void add_delta_sync_routes(Host& host, http::Router& router) {
  Data& data = host;
  MeshControl& mesh = host;
  http::Route sync;
  sync.verb = http::Verb::kPost;
  sync.pattern = "/crdt/sync";
  sync.summary = "Merge a delta into an object; wait=N: answer when N other agents hold it";
  sync.query_names = {"wait", "timeout_ms"};
  sync.header_names = {kRequestNameHeader};
  sync.body_max = kBatchBodyMax;
  sync.signed_off_loopback = true;
  sync.refused = delta_refusal;
  sync.handler = [&data, &mesh](const ExchangePtr& exchange) { post_sync(data, mesh, exchange); };
  router.add(std::move(sync));
  http::Route object;
  object.pattern = "/crdt/object/{object_id}";
  object.summary = "The whole value of an object, with its vector clock";
  object.signed_off_loopback = true;
  object.refused = delta_refusal;
  object.handler = [&data](const ExchangePtr& exchange) { get_synced(data, exchange); };
  router.add(std::move(object));
}

}  // namespace agent
