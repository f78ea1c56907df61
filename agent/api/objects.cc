#include "agent/api/objects.h"

#include <utility>

#include "agent/api/body.h"
#include "agent/api/json_text.h"
#include "agent/api/limits.h"
#include "agent/api/object_ops.h"
#include "agent/api/paging.h"
#include "agent/api/place_read.h"
#include "agent/api/reading.h"
#include "agent/api/request_name.h"
#include "agent/api/text_cursors.h"
#include "agent/api/text_elements.h"
#include "crdt/catalog/entry_write.h"

namespace agent {
namespace {

base::Error absent(const Place& place, bool syncing) {
  std::string path = place.object;
  for (const std::string& component : place.path) path += "/" + component;
  std::string message = "nothing at " + path;
  if (syncing) {
    message +=
        " yet: this agent is still fetching data from its peers; ask again when /readyz "
        "answers 200";
  }
  return {base::Code::kNotFound, std::move(message)};
}

// --- reading

// What a client asks for beside the value.
struct Wanted {
  bool dots = false;      // inspect=1
  bool elements = false;  // elements=1, of a text
};

base::Result<Wanted> wanted_of(const http::Target& target) {
  Wanted wanted;
  ASSIGN_OR_RETURN(wanted.dots, target.query_flag("inspect"));
  ASSIGN_OR_RETURN(wanted.elements, target.query_flag("elements"));
  return wanted;
}

http::Response shown_response(const Place& place, const Shown& shown, const Wanted& wanted,
                              const std::string& elements) {
  JsonObject answer;
  answer.text("id", place.object)
      .raw("path", json_strings(place.path))
      .text("type", crdt::type_name(shown.type))
      .raw("value", shown.value)
      .raw("vector", vector_text(shown.vector));
  if (wanted.dots) answer.raw("dots", shown.dots);
  if (wanted.elements) answer.raw("elements", elements);
  return http::json_response(answer.take());
}

http::Response read_response(store::Reader& reader, const Place& place, const Wanted& wanted,
                             bool syncing) {
  auto shown = read_place(reader, place, wanted.dots);
  if (!shown.ok()) return http::error_response(shown.error());
  if (!*shown) return http::error_response(absent(place, syncing));
  base::Result<std::string> elements = std::string();
  if (wanted.elements) {
    if ((*shown)->type != crdt::SlotType::kSeq) {
      return http::error_response(
          {base::Code::kUnprocessable, "elements=1 goes with a text, and this is of the type " +
                                           std::string(crdt::type_name((*shown)->type))});
    }
    elements = shown_elements(reader, place);
  }
  if (!elements.ok()) return http::error_response(elements.error());
  return shown_response(place, **shown, wanted, *elements);
}

void get_object(Host& host, const ExchangePtr& exchange) {
  auto place = place_of(exchange->request());
  if (!place.ok()) return exchange->fail(place.error());
  auto cursor = cursor_query(exchange->request().target);
  if (!cursor.ok()) return exchange->fail(cursor.error());
  if (*cursor) {
    return answer_from_snapshot(host, exchange, kSmallAnswerBytes,
                                [place = *place, query = **cursor](store::Reader& reader) {
                                  return cursor_response(reader, place, query);
                                });
  }
  auto wanted = wanted_of(exchange->request().target);
  if (!wanted.ok()) return exchange->fail(wanted.error());
  std::size_t bytes = place->path.empty() ? kAnswerBytesMax : kSmallAnswerBytes;
  // Dots and elements have each the same bound as the value.
  if (wanted->dots) bytes *= 2;
  if (wanted->elements) bytes += kAnswerBytesMax;
  const bool syncing = host.health() == Health::kSyncing;
  const auto read = [place = *place, wanted = *wanted, syncing](store::Reader& reader) {
    return read_response(reader, place, wanted, syncing);
  };
  answer_from_snapshot(host, exchange, bytes, read);
}

constexpr char kMark = '\x01';

// `after` of the listing: a name, which stands for all its types, or a mark, a type, a mark and a
// name.
crdt::ObjectKey first_key(const std::string& after) {
  const auto end = after.find(kMark, 1);
  if (!after.starts_with(kMark) || end == after.npos) return store::key_above(after);
  const auto type = crdt::type_from_name(std::string_view(after).substr(1, end - 1));
  if (!type) return store::key_above(after);
  return store::key_above(crdt::ObjectKey{after.substr(end + 1), *type});
}

// The `after` with which the listing goes on behind `last`.
std::string after_of(const store::ObjectInfo& last, const store::ObjectInfo& next) {
  const bool plain = last.name != next.name && !last.name.starts_with(kMark);
  if (plain) return last.name;
  return kMark + std::string(crdt::type_name(last.type)) + kMark + last.name;
}

http::Response object_list(store::Reader& reader, const Page& page) {
  auto objects = reader.cells().objects_from(first_key(page.after), page.limit + 1);
  if (!objects.ok()) return http::error_response(objects.error());
  std::string next = "null";
  if (objects->size() > page.limit) {
    const store::ObjectInfo beyond = std::move(objects->back());
    objects->pop_back();
    next = crdt::json_quote(after_of(objects->back(), beyond));
  }
  std::string items;
  for (const store::ObjectInfo& object : *objects) {
    if (object.cells == 0) continue;  // all its cells are removed
    if (!items.empty()) items += ',';
    items += JsonObject()
                 .text("id", object.name)
                 .text("type", crdt::type_name(object.type))
                 .number("cells", static_cast<std::uint64_t>(object.cells))
                 .take();
  }
  return http::json_response(
      JsonObject().raw("objects", "[" + items + "]").raw("next", next).take());
}

void list_objects(Host& host, const ExchangePtr& exchange) {
  auto page = page_of(exchange->request().target);
  if (!page.ok()) return exchange->fail(page.error());
  answer_from_snapshot(host, exchange, kAnswerBytesMax,
                       [page = *page](store::Reader& reader) { return object_list(reader, page); });
}

// --- writing

// What a request wants to be told, beside the dot. The value comes only when it is asked for: a
// keystroke must not cost the whole text.
struct Told {
  bool value = false;
  bool dots = false;  // of each operation
};

base::Result<Told> told_by(const http::Request& request, const WriteObject& write) {
  Told wanted;
  for (const crdt::Op& op : write.ops) {
    const auto* insert = std::get_if<crdt::TextInsert>(&op.argument);
    const auto* erase = std::get_if<crdt::TextErase>(&op.argument);
    wanted.dots |= insert != nullptr && insert->behind_new;
    wanted.dots |= erase != nullptr && !erase->new_elements.empty();
  }
  const auto named = request.target.query_value("return");
  if (!named) return wanted;
  if (*named == "value") {
    wanted.value = true;
  } else if (*named == "dots") {
    wanted.dots = true;
  } else {
    return base::invalid("return=" + std::string(*named) +
                         ": only return=value and return=dots are known");
  }
  return wanted;
}

// The first dot of each operation; null for one that has no effect.
std::string dots_text(const Written& written) {
  std::string text;
  for (const OpDone& op : written.ops) {
    if (!text.empty()) text += ',';
    if (op.first && written.dot) {
      text += crdt::json_quote(crdt::Dot{written.dot->actor, written.dot->seq, *op.first}.text());
    } else {
      text += "null";
    }
  }
  return "[" + text + "]";
}

http::Response written_response(const Place& place, const Written& written, const Told& wanted,
                                const std::optional<std::string>& value) {
  JsonObject answer;
  answer.text("id", place.object).raw("path", json_strings(place.path));
  written.type ? answer.text("type", crdt::type_name(*written.type)) : answer.raw("type", "null");
  if (value) answer.raw("value", *value);
  if (wanted.dots) answer.raw("dots", dots_text(written));
  const std::uint64_t superseded = written.count(crdt::Outcome::kSuperseded);
  if (superseded > 0) answer.number("superseded", superseded);
  return http::json_response(
      answer.raw("dot", written.dot ? crdt::json_quote(written.dot->text()) : "null").take());
}

// The write is done, whatever happens here. A value that cannot be shown (it does not exist, or is
// over 8 MiB) is answered as null. When the readers are busy, the read is tried again.
void answer_with_value(Host& host, const ExchangePtr& exchange, const Place& place,
                       const Written& written, const Told& wanted) {
  if (exchange->gone()) return;
  auto waiting = std::make_shared<ExchangePtr>(exchange);
  bool taken = host.read([waiting, place, written, wanted](store::Reader& reader) {
    auto shown = read_place(reader, place, false);
    std::string value = shown.ok() && *shown ? std::move((*shown)->value) : "null";
    auto response =
        std::make_shared<http::Response>(written_response(place, written, wanted, value));
    return [waiting, response] {
      ExchangePtr to = std::move(*waiting);
      to->respond(std::move(*response));
    };
  });
  if (taken) return;
  host.later(kRetryMillis, [&host, exchange, place, written, wanted] {
    answer_with_value(host, exchange, place, written, wanted);
  });
}

// The type of the place itself, if the request tells it: its first effect may stand below.
std::optional<crdt::SlotType> type_by_request(const Place& place, const WriteObject& write) {
  if (is_catalog(place.object)) return crdt::catalog_type(place.path);
  for (const crdt::Op& op : write.ops) {
    if (op.path.size() > place.path.size()) return crdt::SlotType::kMap;
    if (op.verb == crdt::Verb::kReplace) return op.type;
  }
  return std::nullopt;
}

void write_place(Host& host, const ExchangePtr& exchange, const Place& place,
                 base::Result<WriteObject> write) {
  if (!write.ok()) return exchange->fail(write.error());
  auto name = request_name(exchange->request());
  if (!name.ok()) return exchange->fail(name.error());
  write->name = *name;
  const auto wanted = told_by(exchange->request(), *write);
  if (!wanted.ok()) return exchange->fail(wanted.error());
  const auto type = type_by_request(place, *write);
  host.write(std::move(*write), [&host, exchange, place, type,
                                 wanted = *wanted](const base::Result<Written>& written) {
    if (!written.ok()) return exchange->fail(written.error());
    Written done = *written;
    const bool changed = done.type.has_value() || is_catalog(place.object);
    const bool removed = done.type == crdt::SlotType::kSubtree;
    if (changed && (type || removed)) done.type = type;
    if (wanted.value) return answer_with_value(host, exchange, place, done, wanted);
    exchange->respond(written_response(place, done, wanted, std::nullopt));
  });
}

base::Result<Place> writable_place(const http::Request& request) {
  ASSIGN_OR_RETURN(Place place, place_of(request));
  RETURN_IF_ERROR(check_writable(place.object));
  return place;
}

void put_object(Host& host, const ExchangePtr& exchange) {
  auto place = writable_place(exchange->request());
  if (!place.ok()) return exchange->fail(place.error());
  write_place(host, exchange, *place, parse_replacement(*place, exchange->request().body));
}

void patch_object(Host& host, const ExchangePtr& exchange) {
  auto place = writable_place(exchange->request());
  if (!place.ok()) return exchange->fail(place.error());
  parse_write(
      host, exchange, [place = *place](std::string_view body) { return parse_ops(place, body); },
      [&host, exchange, place = *place](ParsedWrite write) {
        write_place(host, exchange, place, std::move(write));
      });
}

void delete_object(Host& host, const ExchangePtr& exchange) {
  auto place = place_of(exchange->request());
  if (!place.ok()) return exchange->fail(place.error());
  write_place(host, exchange, *place, removal_of(*place));
}

}  // namespace

void add_object_routes(Host& host, http::Router& router) {
  const std::string pattern = "/v1/objects/{id}/{path...}";
  auto bound = [&host](void (*handle)(Host&, const ExchangePtr&)) -> http::Handler {
    return [&host, handle](const ExchangePtr& exchange) { handle(host, exchange); };
  };
  router.add({http::Verb::kGet,
              "/v1/objects",
              bound(list_objects),
              "Objects with their type and number of cells, in pages",
              {"limit", "after"}});
  router.add(
      {http::Verb::kGet,
       pattern,
       bound(get_object),
       "The value at a path; inspect=1 adds every dot, elements=1 the elements of a text; cursor "
       "and cursor_at: a place in a text",
       {"inspect", "elements", "cursor", "cursor_at", "unit"}});
  router.add({http::Verb::kPut,
              pattern,
              bound(put_object),
              "Create or replace the value at a path",
              {"return"},
              kValueBodyMax + kEnvelopeBytes,
              false,
              {kRequestNameHeader}});
  router.add({http::Verb::kPatch,
              pattern,
              bound(patch_object),
              "Apply operations, all or nothing, as one change",
              {"return"},
              kBatchBodyMax,
              false,
              {kRequestNameHeader}});
  router.add({http::Verb::kDelete,
              pattern,
              bound(delete_object),
              "Remove what this agent has seen at a path",
              {"return"},
              kValueBodyMax,
              false,
              {kRequestNameHeader}});
}

}  // namespace agent
