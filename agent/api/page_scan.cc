#include "agent/api/page_scan.h"

#include <utility>

#include "agent/api/limits.h"

namespace agent {
namespace {

// How far a scan has come. The loop and the reader that works for it hand this over to each other.
struct Progress {
  std::string after;  // the key of the last unit
  std::size_t rows = 0;
  std::size_t bytes = 0;  // of all rows
  std::string text;       // of the rows of this slice
  bool full = false;      // the next unit that has rows does not fit
  bool finished = false;  // full, or nothing is left to read
  base::Status status;
};

// Runs on a reader thread.
class Slice : public PageSlice {
 public:
  Slice(const PageScan& scan, Progress& progress) : scan_(scan), progress_(progress) {}

  void read(store::Reader& reader) {
    progress_.status = scan_.read(reader, progress_.after, *this);
    progress_.finished = progress_.full || !progress_.status.ok() || !is_over();
  }

  bool take(std::string key, std::size_t bytes, const std::vector<std::string>& rows) override {
    std::size_t row_bytes = 0;
    for (const std::string& row : rows) row_bytes += row.size();
    const bool fits = progress_.rows == 0 || (progress_.rows < scan_.page.limit &&
                                              progress_.bytes + row_bytes <= kAnswerBytesMax);
    if (!rows.empty() && !fits) {
      progress_.full = true;
      return false;
    }
    progress_.after = std::move(key);
    progress_.bytes += row_bytes;
    for (const std::string& row : rows) {
      if (progress_.rows++ > 0) progress_.text += ',';
      progress_.text += row;
    }
    ++units_;
    bytes_ += bytes + row_bytes;
    return !is_over();
  }

 private:
  bool is_over() const { return units_ >= kSliceEntries || bytes_ >= kSliceBytes; }

  const PageScan& scan_;
  Progress& progress_;
  std::size_t units_ = 0;
  std::size_t bytes_ = 0;
};

class PageAnswer : public std::enable_shared_from_this<PageAnswer> {
 public:
  PageAnswer(Data& data, Timers& timers, ExchangePtr exchange, std::shared_ptr<PageLinks> links,
             PageScan scan)
      : data_(data),
        timers_(timers),
        exchange_(std::move(exchange)),
        links_(std::move(links)),
        scan_(std::make_shared<const PageScan>(std::move(scan))) {
    progress_.after = scan_->page.after;
  }

  // The reader holds this object while it works, but only the loop may use it.
  void begin() {
    read_slice();
    if (exchange_ == nullptr || !exchange_->can_chunk()) return;
    timers_.later(kHeadMillis, [waiting = weak_from_this()] {
      if (auto self = waiting.lock()) self->start_chunks();
    });
  }

 private:
  void read_slice() {
    if (exchange_->gone()) return let_go();
    auto work = [self = shared_from_this(), scan = scan_,
                 progress = std::make_shared<Progress>(progress_)](store::Reader& reader) {
      Slice(*scan, *progress).read(reader);
      return [self, progress] { self->slice_read(std::move(*progress)); };
    };
    if (data_.read(std::move(work))) {
      begun_ = true;
    } else if (!begun_) {
      fail(readers_busy());
    } else {
      timers_.later(kRetryMillis, [self = shared_from_this()] { self->read_slice(); });
    }
  }

  void slice_read(Progress progress) {
    if (exchange_->gone()) return let_go();
    progress_ = std::move(progress);
    if (!progress_.status.ok()) return fail(progress_.status.error());
    text_ += std::exchange(progress_.text, {});
    if (progress_.finished) return finish();
    if (link_.empty()) return read_slice();
    // A client that is gone without a word is noticed only by writing to it.
    bool quiet = text_.empty() && timers_.now().instant - wrote_ >= base::millis(kQuietMillis);
    if (quiet) text_ = "\n";
    write();
    exchange_->when_taken([self = shared_from_this()] { self->read_slice(); });
  }

  void start_chunks() {
    if (exchange_ == nullptr || exchange_->gone()) return;
    link_ = links_->add();
    http::Response head = http::json_response("");
    head.headers.push_back(link_header("page", link_));
    exchange_->on_gone([links = links_, link = link_] { links->remove(link); });
    exchange_->start_chunks(std::move(head), kSliceAnswerBytes);
    text_.insert(0, "[");
    write();
  }

  void write() {
    if (!text_.empty()) wrote_ = timers_.now().instant;
    exchange_->write(std::exchange(text_, {}));
  }

  void finish() {
    std::optional<std::string> after;
    if (progress_.full) after = progress_.after;
    text_ += ']';
    if (link_.empty()) {
      http::Response response = http::json_response("[" + std::exchange(text_, {}));
      if (after) response.headers.push_back(link_header("after", *after));
      exchange_->respond(std::move(response));
    } else {
      links_->complete(link_, std::move(after));
      write();
      exchange_->end_stream();
    }
    let_go();
  }

  void fail(const base::Error& error) {
    if (link_.empty()) {
      exchange_->fail(error);
    } else {
      links_->remove(link_);
      exchange_->break_off();
    }
    let_go();
  }

  // A reader thread may hold this object a little longer. What belongs to the loop is released now.
  void let_go() { exchange_.reset(); }

  std::pair<std::string, std::string> link_header(std::string_view name, std::string value) const {
    auto query = scan_->query;
    query.emplace_back("limit", std::to_string(scan_->page.limit));
    query.emplace_back(name, std::move(value));
    return next_link(scan_->path, query);
  }

  Data& data_;
  Timers& timers_;
  ExchangePtr exchange_;  // null when the answer is given
  std::shared_ptr<PageLinks> links_;
  std::shared_ptr<const PageScan> scan_;
  Progress progress_;
  std::string text_;  // not sent yet
  std::string link_;  // empty until the head is sent
  base::Instant wrote_;
  bool begun_ = false;
};

}  // namespace

std::size_t bytes_of(const crdt::Entry& entry) {
  std::size_t bytes = entry.id.size();
  for (const auto& [field, cells] : entry.fields) {
    for (const crdt::Cell& cell : cells) bytes += field.size() + cell.body.size();
  }
  return bytes;
}

void answer_page(Data& data, Timers& timers, const ExchangePtr& exchange,
                 const std::shared_ptr<PageLinks>& links, PageScan scan) {
  auto answer = std::make_shared<PageAnswer>(data, timers, exchange, links, std::move(scan));
  exchange->when_room(kAnswerBytesMax, [answer] { answer->begin(); });
}

}  // namespace agent
