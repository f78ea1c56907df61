#include "agent/api/reading.h"

#include <utility>

#include "agent/api/limits.h"

namespace agent {
namespace {

const base::Error kReadersBusy{base::Code::kBusy, "too many reads wait; try again"};

std::size_t bytes_of(const crdt::Entry& entry) {
  std::size_t bytes = entry.id.size();
  for (const auto& [field, cells] : entry.fields) {
    for (const crdt::Cell& cell : cells) bytes += field.size() + cell.body.size();
  }
  return bytes;
}

class Slices : public std::enable_shared_from_this<Slices> {
 public:
  Slices(Host& host, ExchangePtr exchange, SlicedScan scan)
      : host_(host), exchange_(std::move(exchange)), scan_(std::move(scan)) {}

  void next() {
    if (exchange_->gone()) return let_go();
    auto self = shared_from_this();
    bool taken = host_.read([self](store::Reader& reader) {
      bool finished = false;
      base::Status status = self->visit_slice(reader, finished);
      return [self, status, finished] {
        if (!status.ok() || finished) return self->finish(status);
        self->begun_ = true;
        if (!self->scan_.go_on()) return self->finish({});
        self->next();
      };
    });
    if (taken) return;
    if (!begun_) return finish(kReadersBusy);
    host_.later(kRetryMillis, [self] { self->next(); });
  }

 private:
  void finish(const base::Status& status) {
    auto done = std::move(scan_.done);
    let_go();
    done(status);
  }

  // A reader thread may hold this object a little longer. What belongs to the loop is released now.
  void let_go() {
    exchange_.reset();
    scan_ = {};
  }

  base::Status visit_slice(store::Reader& reader, bool& finished) {
    std::size_t entries = 0;
    std::size_t bytes = 0;
    finished = true;
    return reader.cells().scan(scan_.object, scan_.after, [&](const crdt::Entry& entry) {
      scan_.after = entry.id;
      if (!scan_.visit(reader, entry)) return false;
      bytes += bytes_of(entry);
      finished = ++entries < kSliceEntries && bytes < kSliceBytes;
      return finished;
    });
  }

  Host& host_;
  ExchangePtr exchange_;
  SlicedScan scan_;
  bool begun_ = false;
};

void read_answer(Host& host, const ExchangePtr& exchange,
                 std::function<http::Response(store::Reader&)> answer) {
  struct Job {
    ExchangePtr exchange;
    std::function<http::Response(store::Reader&)> answer;
    http::Response response;
  };
  auto job = std::make_shared<Job>(Job{exchange, std::move(answer), {}});
  bool taken = host.read([job](store::Reader& reader) {
    job->response = job->answer(reader);
    return [job] {
      // The reader thread may hold the job a little longer, but the exchange must be released on
      // the loop.
      ExchangePtr to = std::move(job->exchange);
      to->respond(std::move(job->response));
    };
  });
  if (!taken) exchange->fail(kReadersBusy);
}

}  // namespace

void answer_from_snapshot(Host& host, const ExchangePtr& exchange, std::size_t bytes,
                          std::function<http::Response(store::Reader&)> answer) {
  exchange->when_room(bytes, [&host, exchange, answer = std::move(answer)] {
    read_answer(host, exchange, answer);
  });
}

void scan_in_slices(Host& host, const ExchangePtr& exchange, SlicedScan scan) {
  auto slices = std::make_shared<Slices>(host, exchange, std::move(scan));
  exchange->when_room(kAnswerBytesMax, [slices] { slices->next(); });
}

}  // namespace agent
