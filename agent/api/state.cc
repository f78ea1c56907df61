#include "agent/api/state.h"

#include <limits>
#include <memory>
#include <utility>

#include "agent/api/join_text.h"
#include "agent/api/json_text.h"
#include "agent/api/limits.h"
#include "agent/api/reading.h"
#include "crdt/state_file.h"

namespace agent {
namespace {

using Step = ImportState::Step;

// Sends one page after the other. The next one is asked for when the client has taken the last, so
// a slow client costs the memory of one page.
class Export : public std::enable_shared_from_this<Export> {
 public:
  Export(Data& data, Timers& timers, const About& about, ExchangePtr exchange)
      : data_(data), timers_(timers), exchange_(std::move(exchange)), writer_(about.facts().mesh) {}

  void begin() {
    exchange_->on_gone([self = shared_from_this()] { self->stop(); });
    ask();
  }

 private:
  void ask() {
    if (exchange_->gone()) return stop();
    data_.maintain(
        ExportState{snapshot_}, [self = shared_from_this()](const base::Result<Maintained>& done) {
          done.ok() ? self->take(std::get<StatePage>(*done)) : self->failed(done.error());
        });
  }

  void failed(const base::Error& error) {
    const bool begun = snapshot_ != 0;
    if (begun && error.code == base::Code::kBusy) {
      return timers_.later(kRetryMillis, [self = shared_from_this()] { self->ask(); });
    }
    more_ = false;
    begun ? exchange_->break_off() : exchange_->fail(error);
  }

  void take(const StatePage& page) {
    const bool begun = snapshot_ != 0;
    snapshot_ = page.snapshot;
    more_ = page.more;
    if (exchange_->gone()) return stop();
    if (!begun) start();
    unsent_ += writer_.page_head(page.body);
    unsent_ += page.body;
    if (!more_) unsent_ += writer_.end(page.state);
    send();
  }

  void start() {
    http::Response head;
    head.content_type = "application/octet-stream";
    exchange_->start_chunks(std::move(head), kStateBytes);
    unsent_ = writer_.head();
  }

  // A page with one large item may have more bytes than may wait for a client at once.
  void send() {
    while (!unsent_.empty()) {
      const std::string piece = unsent_.substr(0, kStatePieceBytes);
      unsent_.erase(0, piece.size());
      if (!exchange_->write(piece)) return stop();
      if (unsent_.empty()) break;
      return exchange_->when_taken([self = shared_from_this()] { self->send(); });
    }
    if (!more_) return exchange_->end_stream();
    exchange_->when_taken([self = shared_from_this()] { self->ask(); });
  }

  void stop() {
    if (!std::exchange(more_, false)) return;
    data_.maintain(ExportState{snapshot_, true}, [](const base::Result<Maintained>&) {});
  }

  Data& data_;
  Timers& timers_;
  ExchangePtr exchange_;
  crdt::StateFileWriter writer_;
  std::string unsent_;
  std::uint64_t snapshot_ = 0;  // 0: the first page has not come
  bool more_ = false;           // the replica keeps a snapshot for us
};

constexpr std::string_view kClientGone = "the client went away before the end of the file";

// Gives one page after the other to the replica. The client waits meanwhile.
class StateImport : public std::enable_shared_from_this<StateImport> {
 public:
  StateImport(Data& data, Timers& timers, const About& about, ExchangePtr exchange)
      : data_(data), timers_(timers), mesh_(about.facts().mesh), exchange_(std::move(exchange)) {}

  void begin() {
    exchange_->on_gone([self = shared_from_this()] { self->give_up(kClientGone); });
    auto take = [self = shared_from_this()](std::string_view piece) { return self->take(piece); };
    send(ImportState{});
    if (!answered_) exchange_->on_body(std::move(take));
  }

 private:
  // An empty piece is the end of the body.
  bool take(std::string_view piece) {
    if (answered_) return true;
    ended_ = piece.empty();
    reader_.add(piece);
    advance();
    paused_ = waiting_;
    return !paused_;
  }

  void advance() {
    while (!waiting_ && !answered_) {
      auto record = reader_.next();
      if (!record.ok()) return fail(record.error());
      if (is_foreign()) {
        return fail(base::invalid(
            "the state file is of another mesh: it was exported under another key; nothing has "
            "changed; to merge it into this mesh all the same, import it with --any-mesh "
            "(?mesh=any)"));
      }
      if (!*record) break;
      if (auto* page = std::get_if<base::Bytes>(&**record)) {
        send(ImportState{Step::kPage, import_, std::move(*page), {}, {}});
      } else {
        state_ = std::get<crdt::StateFileReader::End>(**record).state;
      }
    }
    if (waiting_ || answered_ || !ended_) return;
    if (auto whole = reader_.finish(); !whole.ok()) return fail(whole.error());
    send(ImportState{Step::kEnd, import_, {}, state_, {}});
  }

  bool is_foreign() const {
    const auto mesh = reader_.mesh();
    if (!mesh || *mesh == mesh_) return false;
    return exchange_->request().target.query_value("mesh").value_or("") != "any";
  }

  void send(ImportState step) {
    waiting_ = true;
    auto sent = std::make_shared<const ImportState>(std::move(step));
    send(sent);
  }

  void send(const std::shared_ptr<const ImportState>& step) {
    data_.maintain(*step, [self = shared_from_this(), step](const base::Result<Maintained>& done) {
      done.ok() ? self->done(step->step, std::get<Imported>(*done))
                : self->failed(step, done.error());
    });
  }

  void failed(const std::shared_ptr<const ImportState>& step, const base::Error& error) {
    if (error.code == base::Code::kBusy && step->step != Step::kBegin) {
      return timers_.later(kRetryMillis, [self = shared_from_this(), step] { self->send(step); });
    }
    waiting_ = false;
    fail(error);
  }

  void done(Step step, const Imported& imported) {
    waiting_ = false;
    if (answered_ && step == Step::kBegin) stop(imported.import);
    if (answered_) return;
    if (step == Step::kEnd) return answer(imported);
    import_ = imported.import;
    if (exchange_->gone()) return give_up(kClientGone);
    advance();
    if (waiting_ || answered_ || ended_) return;
    if (std::exchange(paused_, false)) exchange_->resume();
  }

  void answer(const Imported& imported) {
    answered_ = true;
    JsonObject text;
    add_counts(text, imported.counts);
    exchange_->respond(http::json_response(text.take()));
  }

  void fail(const base::Error& error) {
    if (answered_) return;
    give_up(error.message);
    exchange_->fail(error);
  }

  void give_up(std::string_view why) {
    if (std::exchange(answered_, true)) return;
    why_ = why;
    if (import_ != 0) stop(import_);
  }

  // The staged pages are dropped, unless the replica has done it already.
  void stop(std::uint64_t import) {
    data_.maintain(ImportState{Step::kStop, import, {}, {}, why_},
                   [](const base::Result<Maintained>&) {});
  }

  Data& data_;
  Timers& timers_;
  std::uint64_t mesh_;  // the mark of our own
  ExchangePtr exchange_;
  crdt::StateFileReader reader_;
  std::uint64_t import_ = 0;  // 0: not begun
  crdt::StateHash state_;     // as the end of the file names it
  bool waiting_ = false;      // for the replica
  bool paused_ = false;       // the client is not read
  bool ended_ = false;        // the body has ended
  bool answered_ = false;     // or given up
  std::string why_;           // it was given up; for the log
};

void start_export(Data& data, Timers& timers, const About& about, const ExchangePtr& exchange) {
  if (!exchange->can_chunk()) {
    return exchange->fail(base::invalid("the state is sent in chunks; ask with GET and HTTP/1.1"));
  }
  auto work = std::make_shared<Export>(data, timers, about, exchange);
  exchange->when_room(kStateBytes, [work] { work->begin(); });
}

void start_import(Data& data, Timers& timers, const About& about, const ExchangePtr& exchange) {
  const auto mesh = exchange->request().target.query_value("mesh");
  if (mesh && *mesh != "any") {
    return exchange->fail(
        base::invalid("mesh=" + std::string(mesh->substr(0, 40)) + ": only mesh=any is known"));
  }
  std::make_shared<StateImport>(data, timers, about, exchange)->begin();
}

}  // namespace

void add_state_routes(Data& data, Timers& timers, const About& about, http::Router& router) {
  router.add({http::Verb::kGet,
              "/v1/state",
              [&data, &timers, &about](const ExchangePtr& exchange) {
                start_export(data, timers, about, exchange);
              },
              "The whole state of this agent as a file, in chunks",
              {}});
  http::Route route;
  route.verb = http::Verb::kPost;
  route.pattern = "/v1/state";
  route.summary = "Merge a state file, like the state of a peer; the body is streamed";
  route.query_names = {"mesh"};
  route.body_max = std::numeric_limits<std::size_t>::max();
  route.streams_body = true;
  route.scope = http::Scope::kAdmin;
  route.handler = [&data, &timers, &about](const ExchangePtr& exchange) {
    start_import(data, timers, about, exchange);
  };
  router.add(std::move(route));
}

}  // namespace agent
