#include "agent/api/reading.h"

#include <utility>

namespace agent {
namespace {

void read_answer(Data& data, const ExchangePtr& exchange,
                 std::function<http::Response(store::Reader&)> answer) {
  struct Job {
    ExchangePtr exchange;
    std::function<http::Response(store::Reader&)> answer;
    http::Response response;
  };
  auto job = std::make_shared<Job>(Job{exchange, std::move(answer), {}});
  bool taken = data.read([job](store::Reader& reader) {
    job->response = job->answer(reader);
    return [job] {
      // The reader thread may hold the job a little longer, but the exchange must be released on
      // the loop.
      ExchangePtr to = std::move(job->exchange);
      to->respond(std::move(job->response));
    };
  });
  if (!taken) exchange->fail(readers_busy());
}

}  // namespace

base::Error readers_busy() { return {base::Code::kBusy, "too many reads wait; try again"}; }

void answer_from_snapshot(Data& data, const ExchangePtr& exchange, std::size_t bytes,
                          std::function<http::Response(store::Reader&)> answer) {
  exchange->when_room(bytes, [&data, exchange, answer = std::move(answer)] {
    read_answer(data, exchange, answer);
  });
}

}  // namespace agent
