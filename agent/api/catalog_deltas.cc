#include "agent/api/catalog_deltas.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "agent/api/acknowledged.h"
#include "agent/api/catalog_delta_page.h"
#include "agent/api/json_text.h"
#include "agent/api/limits.h"
#include "agent/api/paging.h"
#include "agent/api/place.h"
#include "agent/api/posted_deltas.h"
#include "agent/api/reading.h"

namespace agent {
namespace {

// The peer of a request; empty without one.
base::Result<std::string> peer_of(const http::Target& target) {
  const auto named = target.query_value("peer");
  if (!named) return std::string();
  RETURN_IF_ERROR(check_id("peer", *named));
  // Names with @ are those of readers without a name (shared_reader).
  if (named->starts_with('@')) return base::invalid("the name of a peer must not begin with @");
  return std::string(*named);
}

void respond_cleared(const ExchangePtr& exchange) {
  exchange->respond(http::json_response(JsonObject().text("status", "cleared").take()));
}

// What a peer has received is kept in the object `acknowledged`. The door itself knows only what
// the last GET returned, and how far a peer is inside a change or among the entries. If that is
// lost, the peer gets something again.
class CatalogDeltaDoor : public std::enable_shared_from_this<CatalogDeltaDoor> {
 public:
  explicit CatalogDeltaDoor(Host& host) : host_(host), posted_(host) {}

  void get(const ExchangePtr& exchange) {
    auto reading = reading_of(exchange);
    if (!reading.ok()) return exchange->fail(reading.error());
    exchange->when_room(kAnswerBytesMax,
                        [self = shared_from_this(), reading = *reading] { self->read(reading); });
  }

  void post(const ExchangePtr& exchange) { posted_.add(exchange); }

  void clear(const ExchangePtr& exchange) {
    auto peer = peer_of(exchange->request().target);
    if (!peer.ok()) return exchange->fail(peer.error());
    const auto found = peers_.find(*peer);
    if (found == peers_.end() || !found->second.last) return respond_cleared(exchange);
    Peer& known = found->second;
    const Returned last = *known.last;
    if (!last.gave && known.quiet + last.changes < kQuietChanges) {
      known.quiet += last.changes;
      known.cleared = last.place;
      known.last.reset();
      return respond_cleared(exchange);
    }
    move_position(exchange, *peer, last);
  }

 private:
  // What a GET returned.
  struct Returned {
    DeltaPlace place;
    std::uint64_t changes = 0;  // that it passed
    bool gave = false;          // some delta
  };
  struct Peer {
    std::optional<Returned> last;  // not cleared
    DeltaPlace cleared;
    std::uint64_t quiet = 0;  // changes that were cleared here and are not in `acknowledged` yet
    std::uint64_t used = 0;
  };
  struct Reading {
    ExchangePtr exchange;
    DeltaQuery query;
    DeltaPlace from;
    std::uint64_t changes = 0;
    bool from_entries = false;
  };
  using ReadingPtr = std::shared_ptr<Reading>;

  base::Result<ReadingPtr> reading_of(const ExchangePtr& exchange) {
    const http::Target& target = exchange->request().target;
    auto reading = std::make_shared<Reading>();
    reading->exchange = exchange;
    DeltaQuery& query = reading->query;
    ASSIGN_OR_RETURN(query.peer, peer_of(target));
    ASSIGN_OR_RETURN(const Page page, page_of(target));
    query.limit = page.limit;
    query.node = host_.facts().node_id;
    if (const auto since = target.query_value("since")) {
      query.by_position = true;
      ASSIGN_OR_RETURN(reading->from, parse_cursor(*since, query.node.short_hex()));
    } else if (const auto known = peers_.find(query.peer); known != peers_.end()) {
      reading->from = known->second.cleared;
    }
    return reading;
  }

  // A page is one snapshot. If that had no delta and was not the end, the next one follows.
  void read(const ReadingPtr& reading) {
    read_and_then<DeltaPage>(
        host_,
        [query = reading->query, from = reading->from](store::Reader& reader) {
          return read_delta_page(reader, query, from);
        },
        [self = shared_from_this(), reading](base::Result<DeltaPage> page) {
          if (!page.ok()) return reading->exchange->fail(page.error());
          reading->changes += page->changes;
          reading->from_entries |= page->from_entries;
          if (page->deltas.empty() && !page->complete && !reading->exchange->gone()) {
            reading->from = std::move(page->place);
            return self->read(reading);
          }
          self->respond(*reading, std::move(*page));
        });
  }

  void respond(const Reading& reading, DeltaPage page) {
    std::string body = "[";
    for (const std::string& delta : page.deltas) {
      if (body.size() > 1) body += ',';
      body += delta;
    }
    http::Response response = http::json_response(body + "]");
    const DeltaQuery& query = reading.query;
    const std::string cursor = cursor_text(query.node.short_hex(), page.place);
    response.headers.emplace_back("Cursor", cursor);
    if (reading.from_entries) {
      response.headers.emplace_back("Left-Out", "removals before the log");
    }
    if (query.by_position && !page.complete) {
      std::vector<std::pair<std::string_view, std::string>> next{
          {"since", cursor}, {"limit", std::to_string(query.limit)}};
      if (!query.peer.empty()) next.emplace_back("peer", query.peer);
      response.headers.push_back(next_link("/crdt/delta", next));
    }
    if (!query.by_position) {
      Peer& peer = peer_named(query.peer);
      peer.last = Returned{std::move(page.place), reading.changes, !page.deltas.empty()};
    }
    reading.exchange->respond(std::move(response));
  }

  Peer& peer_named(const std::string& name) {
    if (!peers_.contains(name) && peers_.size() >= kDeltaPeersMax) {
      peers_.erase(std::min_element(peers_.begin(), peers_.end(), [](const auto& a, const auto& b) {
        return a.second.used < b.second.used;
      }));
    }
    Peer& peer = peers_[name];
    peer.used = ++uses_;
    return peer;
  }

  void move_position(const ExchangePtr& exchange, const std::string& peer, const Returned& last) {
    const std::string client = peer.empty() ? shared_reader(host_.facts().node_id) : peer;
    read_and_then<std::optional<crdt::Op>>(
        host_,
        [client, place = last.place](store::Reader& reader) {
          return op_to_move(reader, client, place);
        },
        [self = shared_from_this(), exchange, peer,
         last](base::Result<std::optional<crdt::Op>> op) {
          if (!op.ok()) return exchange->fail(op.error());
          if (!*op) return self->moved(exchange, peer, last);
          WriteObject write;
          write.object = kAcknowledgedObject;
          write.ops.push_back(std::move(**op));
          self->host_.write(std::move(write),
                            [self, exchange, peer, last](const base::Result<Written>& written) {
                              if (!written.ok()) return exchange->fail(written.error());
                              self->moved(exchange, peer, last);
                            });
        });
  }

  // Nullopt if it stands there already.
  static base::Result<std::optional<crdt::Op>> op_to_move(store::Reader& reader,
                                                          const std::string& client,
                                                          const DeltaPlace& place) {
    ASSIGN_OR_RETURN(const Acknowledged before, read_acknowledged(reader, kPeersDoor, client));
    Acknowledged after = before;
    after.join(place.vector);
    std::optional<crdt::Op> op;
    if (after == before) return op;
    ASSIGN_OR_RETURN(op, op_to_acknowledge(kPeersDoor, client, after));
    return op;
  }

  void moved(const ExchangePtr& exchange, const std::string& name, const Returned& last) {
    Peer& peer = peer_named(name);
    peer.cleared = last.place;
    peer.quiet = 0;
    // Another GET may have returned more meanwhile.
    if (peer.last && peer.last->place.vector == last.place.vector) peer.last.reset();
    respond_cleared(exchange);
  }

  Host& host_;
  PostedQueue posted_;
  std::map<std::string, Peer> peers_;
  std::uint64_t uses_ = 0;
};

}  // namespace

void add_catalog_delta_routes(Host& host, http::Router& router) {
  auto door = std::make_shared<CatalogDeltaDoor>(host);
  router.add({http::Verb::kGet,
              "/crdt/delta",
              [door](const ExchangePtr& exchange) { door->get(exchange); },
              "Deltas of the catalogs that a peer has not cleared",
              {"since", "peer", "limit"}});
  router.add({http::Verb::kPost,
              "/crdt/delta",
              [door](const ExchangePtr& exchange) { door->post(exchange); },
              "Apply one delta of a catalog, or an array of them",
              {},
              kBatchBodyMax});
  router.add({http::Verb::kPost,
              "/crdt/delta/clear",
              [door](const ExchangePtr& exchange) { door->clear(exchange); },
              "The peer has received what its last GET returned",
              {"peer"}});
}

}  // namespace agent
