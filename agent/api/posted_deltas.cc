#include "agent/api/posted_deltas.h"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

#include "agent/api/catalog_delta_post.h"
#include "agent/api/json_text.h"
#include "agent/api/limits.h"

namespace agent {

// Goes through its deltas in slices: reads and judges a slice, writes what is not stale, each delta
// a change of its own, then keeps the clocks. If it ends in between, the clocks are not moved, and
// the client sends the deltas again: a second time they change nothing.
class PostedRequest : public std::enable_shared_from_this<PostedRequest> {
 public:
  PostedRequest(Host& host, ExchangePtr exchange, std::function<void()> done)
      : host_(host), exchange_(std::move(exchange)), done_(std::move(done)) {}

  void judge_slice() {
    read_and_then<Slice>(
        host_,
        [body = parsed_ ? nullptr : &exchange_->request().body, posted = posted_, first = next_,
         clocks = clocks_](store::Reader& reader) mutable {
          return judged(reader, body, std::move(posted), first, std::move(clocks));
        },
        [self = shared_from_this()](base::Result<Slice> slice) {
          if (!slice.ok()) return self->fail(slice.error());
          self->write_slice(std::move(*slice));
        });
  }

 private:
  using Posted = std::shared_ptr<const PostedDeltas>;
  struct Slice {
    Posted posted;
    std::vector<std::optional<WriteObject>> writes;  // of the deltas from the first one on
    ForeignClocks clocks;
  };

  static base::Result<Slice> judged(store::Reader& reader, const std::string* body, Posted posted,
                                    std::size_t first, ForeignClocks clocks) {
    if (body != nullptr) {
      ASSIGN_OR_RETURN(PostedDeltas parsed, parse_posted(*body));
      posted = std::make_shared<const PostedDeltas>(std::move(parsed));
    }
    ASSIGN_OR_RETURN(const store::Actors* actors, reader.actors());
    DeltaJudge judge(reader, *actors);
    Slice slice{posted, {}, std::move(clocks)};
    const std::size_t end = std::min(first + kSliceEntries, posted->deltas.size());
    for (std::size_t i = first; i < end; ++i) {
      ASSIGN_OR_RETURN(auto write, judge.judge(posted->deltas[i], slice.clocks));
      slice.writes.push_back(std::move(write));
    }
    return slice;
  }

  void write_slice(Slice slice) {
    parsed_ = true;
    posted_ = slice.posted;
    slice_ = std::move(slice);
    next_write_ = 0;
    write_more();
  }

  void write_more() {
    if (writing_) return;  // called from inside the loop
    writing_ = true;
    auto& writes = slice_.writes;
    while (!error_ && in_flight_ < kPostedWrites && next_write_ < writes.size()) {
      const std::size_t number = next_write_++;
      applied_.push_back(writes[number].has_value());
      if (writes[number]) write(number);
    }
    writing_ = false;
    const bool over = error_ || next_write_ == writes.size();
    if (in_flight_ == 0 && over) finish_slice();
  }

  void write(std::size_t number) {
    ++in_flight_;
    host_.write(*slice_.writes[number],
                [self = shared_from_this(), number](const base::Result<Written>& written) {
                  --self->in_flight_;
                  if (!written.ok()) self->refused(number, written.error());
                  self->write_more();
                });
  }

  // A full queue of the store is not the fault of the client: it is tried again.
  void refused(std::size_t number, const base::Error& error) {
    if (error.code == base::Code::kBusy) {
      ++in_flight_;
      host_.later(kRetryMillis, [self = shared_from_this(), number] {
        --self->in_flight_;
        self->write(number);
      });
      return;
    }
    if (error_) return;
    const std::string which =
        posted_->is_array ? "delta " + std::to_string(next_ + number) + ": " : "";
    error_ = base::Error{error.code, which + error.message};
  }

  void finish_slice() {
    if (error_) return fail(*error_);
    next_ += slice_.writes.size();
    const bool moved =
        std::any_of(slice_.writes.begin(), slice_.writes.end(),
                    [](const std::optional<WriteObject>& write) { return write.has_value(); });
    clocks_ = std::move(slice_.clocks);
    if (!moved) return go_on();
    keep_clocks();
  }

  void keep_clocks() {
    host_.write(write_of(clocks_),
                [self = shared_from_this()](const base::Result<Written>& written) {
                  if (written.ok()) return self->go_on();
                  if (written.error().code != base::Code::kBusy) {
                    return self->fail(written.error());
                  }
                  self->host_.later(kRetryMillis, [self] { self->keep_clocks(); });
                });
  }

  void go_on() {
    if (next_ < posted_->deltas.size()) return judge_slice();
    JsonObject answer;
    const bool any = std::find(applied_.begin(), applied_.end(), true) != applied_.end();
    answer.boolean("applied", any);
    if (posted_->is_array) {
      std::string results;
      for (const bool applied : applied_) {
        if (!results.empty()) results += ',';
        results += applied ? "true" : "false";
      }
      answer.raw("results", "[" + results + "]");
    }
    exchange_->respond(http::json_response(answer.take()));
    end();
  }

  void fail(const base::Error& error) {
    exchange_->fail(error);
    end();
  }

  void end() {
    const auto done = std::move(done_);
    done();
  }

  Host& host_;
  ExchangePtr exchange_;
  std::function<void()> done_;
  Posted posted_;
  bool parsed_ = false;
  std::size_t next_ = 0;  // the first delta of the slice
  ForeignClocks clocks_;
  Slice slice_;
  std::size_t next_write_ = 0;  // of the slice
  bool writing_ = false;
  std::size_t in_flight_ = 0;  // writes that are not answered
  std::vector<bool> applied_;  // of all deltas
  std::optional<base::Error> error_;
};

PostedQueue::~PostedQueue() = default;

void PostedQueue::add(const ExchangePtr& exchange) {
  if (waiting_.size() >= kPostsWaiting) {
    return exchange->fail({base::Code::kBusy, "too many deltas wait; try again"});
  }
  waiting_.push_back(std::make_shared<PostedRequest>(host_, exchange, [this] {
    waiting_.pop_front();
    begin_next();
  }));
  if (waiting_.size() == 1) begin_next();
}

void PostedQueue::begin_next() {
  if (!waiting_.empty()) waiting_.front()->judge_slice();
}

}  // namespace agent
