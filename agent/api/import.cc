#include "agent/api/import.h"

#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "agent/api/body.h"
#include "agent/api/json_text.h"
#include "agent/api/limits.h"
#include "agent/api/place.h"
#include "agent/api/reading.h"
#include "agent/api/request_name.h"
#include "agent/replica/input_size.h"
#include "crdt/base/byte_order_mark.h"

namespace agent {
namespace {

using Line = ImportEntries::Line;

// The metadata of {"id":…,"metadata":{…}}, the form of GET /catalog/query. Nullopt for a line of
// another form.
base::Result<std::optional<crdt::Members>> whole_metadata(const crdt::Members& others) {
  bool whole = others.size() == 1 && others.front().first == "metadata" &&
               others.front().second.starts_with('{');
  if (!whole) return std::optional<crdt::Members>();
  ASSIGN_OR_RETURN(crdt::Members members, crdt::object_members(others.front().second));
  return std::optional(std::move(members));
}

// Accepts {"id":…, …metadata} and {"id":…,"metadata":{…}}.
base::Result<Line> parse_line(std::string_view text) {
  ASSIGN_OR_RETURN(auto object, crdt::parse_object(text, kImportLineMax));
  if (!object) return base::invalid("a line must be a JSON object");
  crdt::Members& members = *object;
  ASSIGN_OR_RETURN(std::string id, string_member(members, "id"));
  RETURN_IF_ERROR(check_id("the id", id));
  std::erase_if(members, [](const auto& member) { return member.first == "id"; });
  ASSIGN_OR_RETURN(auto whole, whole_metadata(members));
  if (whole) members = std::move(*whole);
  for (const auto& [field, value] : members) RETURN_IF_ERROR(check_field(field));
  return Line{std::move(id), std::move(members)};
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

// One batch is being written while the next is collected. When both are full, the client waits. The
// second batch is sent after the first is done, so of two lines with one id the later one counts.
class Import : public std::enable_shared_from_this<Import> {
 public:
  Import(Data& data, Timers& timers, ExchangePtr exchange, std::string object)
      : data_(data), timers_(timers), exchange_(std::move(exchange)), object_(std::move(object)) {}

  // An empty piece is the end of the body. False: there is no room until a batch is written.
  bool take(std::string_view piece) {
    if (stopped_ || error_) return true;
    ended_ = piece.empty();
    unread_ += piece;
    advance();
    return !full() || stopped_;
  }

 private:
  using Batch = std::vector<Line>;

  bool full() const { return batch_.size() >= kImportLines || batch_bytes_ >= kImportBytes; }

  void advance() {
    for (;;) {
      while (!error_ && !full() && take_line()) {
      }
      bool finished = ended_ || error_;
      if (!writing_ && !error_ && (full() || (finished && !batch_.empty()))) {
        send(std::make_shared<const Batch>(std::exchange(batch_, {})));
        batch_bytes_ = 0;
        continue;
      }
      if (finished && !writing_ && (error_ || (batch_.empty() && unread_.empty()))) answer();
      return;
    }
  }

  // False: there is no whole line left.
  bool take_line() {
    std::size_t end = unread_.find('\n', searched_);
    bool last = end == std::string::npos;
    if (last && !ended_) {
      if (unread_.size() - start_ > kImportLineMax)
        add_line(std::string_view(unread_).substr(start_));
      searched_ = unread_.size();
      drop_taken();
      return false;
    }
    if (last) end = unread_.size();
    if (last && start_ == end) {
      drop_taken();
      return false;
    }
    add_line(std::string_view(unread_).substr(start_, end - start_));
    start_ = searched_ = last ? end : end + 1;
    return true;
  }

  void drop_taken() {
    unread_.erase(0, start_);
    searched_ -= start_;
    start_ = 0;
  }

  void add_line(std::string_view text) {
    ++line_;
    if (line_ == 1) text = base::without_byte_order_mark(text);
    if (text.size() > kImportLineMax) {
      return stop({base::Code::kTooLarge, "the line is longer than 1 MiB"});
    }
    if (is_blank(text)) return;
    auto line = parse_line(text);
    if (!line.ok()) return stop(line.error());
    batch_bytes_ += bytes_of(*line);
    batch_.push_back(std::move(*line));
  }

  // Forgets the lines that were collected and not sent. Earlier batches stay.
  void stop(const base::Error& error) {
    error_ = base::Error{error.code, "line " + std::to_string(line_) + ": " + error.message};
    line_is_bad_ = true;
    batch_.clear();
    batch_bytes_ = 0;
  }

  void send(const std::shared_ptr<const Batch>& batch) {
    writing_ = true;
    auto self = shared_from_this();
    data_.write(
        ImportEntries{object_, *batch},
        [self, batch](const base::Result<Written>& written) { self->sent(batch, written); });
  }

  void sent(const std::shared_ptr<const Batch>& batch, const base::Result<Written>& written) {
    auto self = shared_from_this();
    if (exchange_->gone()) {
      stopped_ = true;
      return;
    }
    if (!written.ok() && written.error().code == base::Code::kBusy) {
      return timers_.later(kRetryMillis, [self, batch] { self->send(batch); });
    }
    writing_ = false;
    if (written.ok()) {
      added_ += written->added;
      unchanged_ += written->unchanged;
    } else {
      error_ = written.error();
    }
    bool waited = full();
    advance();
    if (waited && !stopped_ && !full()) exchange_->resume();
  }

  void answer() {
    if (std::exchange(stopped_, true)) return;
    if (error_) return exchange_->fail({error_->code, error_->message + advice()});
    exchange_->respond(http::json_response(
        JsonObject().number("added", added_).number("unchanged", unchanged_).take()));
  }

  // What was stored before the error, and what to do. An entry is one line.
  std::string advice() const {
    const std::uint64_t stored = added_ + unchanged_;
    std::string text = "; " + std::to_string(stored) + (stored == 1 ? " line" : " lines");
    text += stored == 1 ? " before was stored; " : " before were stored; ";
    text += line_is_bad_ ? "mend the line and run the import again"
                         : "run the import again when the cause is mended";
    return text + ": what is stored already is left unchanged";
  }

  Data& data_;
  Timers& timers_;
  ExchangePtr exchange_;
  std::string object_;

  std::string unread_;        // the part of the body that is not taken yet
  std::size_t start_ = 0;     // start of the next line in unread_
  std::size_t searched_ = 0;  // there is no newline in [start_, searched_)
  std::uint64_t line_ = 0;    // number of the last line that was taken
  bool ended_ = false;
  bool stopped_ = false;  // the request was answered, or the client is gone
  std::optional<base::Error> error_;
  bool line_is_bad_ = false;  // the error is one of the line `line_`

  Batch batch_;
  std::size_t batch_bytes_ = 0;
  bool writing_ = false;
  std::uint64_t added_ = 0;
  std::uint64_t unchanged_ = 0;
};

void start_import(Data& data, Timers& timers, const ExchangePtr& exchange) {
  std::string type(exchange->request().target.query_value("type").value_or(""));
  if (!is_catalog(type)) {
    return exchange->fail(base::invalid("type=" + type + ": expected snapshots or images"));
  }
  const base::Status named = refuse_request_name(
      exchange->request(), "an import may be sent again, what is stored already is left unchanged");
  if (!named.ok()) return exchange->fail(named.error());
  auto import = std::make_shared<Import>(data, timers, exchange, type);
  exchange->on_body([import](std::string_view piece) { return import->take(piece); });
}

}  // namespace

void add_import_route(Data& data, Timers& timers, http::Router& router) {
  http::Route route;
  route.verb = http::Verb::kPost;
  route.pattern = "/v1/import";
  route.summary = "Add entries, one JSON object in each line; the body is streamed";
  route.query_names = {"type"};
  route.body_max = std::numeric_limits<std::size_t>::max();
  route.streams_body = true;
  route.handler = [&data, &timers](const ExchangePtr& exchange) {
    start_import(data, timers, exchange);
  };
  router.add(std::move(route));
}

}  // namespace agent
