#include "store/requests.h"

#include "store/row.h"

namespace store {
namespace {

constexpr std::uint8_t kNoType = 0xFF;

std::int64_t checksum(base::BytesView key, base::BytesView value) {
  return RowChecksum('q').bytes(key).bytes(value).value();
}

base::Bytes encode(const KnownRequest& request) {
  const crdt::Dot dot = request.dot.value_or(crdt::Dot{});
  base::Bytes value(request.content.view());
  value += dot.actor.view();
  append_varint(value, request.dot ? dot.seq : 0);
  append_varint(value, dot.index);
  value += static_cast<char>(request.type ? static_cast<std::uint8_t>(*request.type) : kNoType);
  return value += request.done;
}

// Only bytes whose checksum is right come here.
std::optional<KnownRequest> decode(base::BytesView value) {
  RowParser parser(value);
  KnownRequest request;
  const auto content = crdt::RequestHash::from(parser.take(crdt::RequestHash::kSize));
  const auto actor = base::ActorId::from(parser.take(base::ActorId::kSize));
  const std::uint64_t seq = parser.varint();
  const std::uint64_t index = parser.varint();
  const std::uint8_t type = parser.byte();
  if (!parser.ok() || !content || !actor || index > UINT32_MAX) return std::nullopt;
  request.content = *content;
  if (seq > 0) request.dot = crdt::Dot{*actor, seq, static_cast<std::uint32_t>(index)};
  if (type != kNoType) request.type = static_cast<crdt::SlotType>(type);
  request.done = base::Bytes(parser.rest());
  return request;
}

}  // namespace

Requests::Requests(Database& database)
    : find_(database, "SELECT key, sum, v FROM requests WHERE key=?1"),
      insert_(database, "INSERT OR REPLACE INTO requests(key, sum, v) VALUES(?1, ?2, ?3)"),
      prune_(database, "DELETE FROM requests WHERE idx <= (SELECT max(idx) FROM requests) - ?1"),
      count_(database, "SELECT count(*) FROM requests") {}

base::Result<std::optional<KnownRequest>> Requests::find(const crdt::RequestHash& key) {
  std::optional<KnownRequest> found;
  ASSIGN_OR_RETURN(Loan find, find_.use());
  find->bind_blob(1, key.view());
  ASSIGN_OR_RETURN(const bool row, find->step());
  if (!row) return found;
  const base::BytesView value = find->blob(2);
  if (checksum(find->blob(0), value) == find->integer(1)) found = decode(value);
  return found;
}

base::Status Requests::keep(const crdt::RequestHash& key, const KnownRequest& request) {
  ASSIGN_OR_RETURN(const auto known, find(key));
  if (known) return {};
  {
    const base::Bytes value = encode(request);
    ASSIGN_OR_RETURN(Loan insert, insert_.use());
    insert->bind_blob(1, key.view()).bind(2, checksum(key.view(), value)).bind_blob(3, value);
    RETURN_IF_ERROR(insert->run());
  }
  ASSIGN_OR_RETURN(Loan prune, prune_.use());
  prune->bind(1, kRequestsMax);
  return prune->run();
}

}  // namespace store
