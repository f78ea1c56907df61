#include "agent/api/reading.h"

#include <utility>

#include "agent/api/limits.h"

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

void parse_write(Data& data, const ExchangePtr& exchange,
                 std::function<ParsedWrite(std::string_view body)> parse,
                 std::function<void(ParsedWrite)> then) {
  if (exchange->request().body.size() <= kLoopBodyMax) {
    return then(parse(exchange->request().body));
  }
  struct Job {
    ExchangePtr exchange;
    std::function<ParsedWrite(std::string_view)> parse;
    std::function<void(ParsedWrite)> then;
    ParsedWrite write = WriteObject();
  };
  auto job = std::make_shared<Job>(Job{exchange, std::move(parse), std::move(then)});
  const bool taken = data.read([job](store::Reader&) {
    job->write = job->parse(job->exchange->request().body);
    return [job] {
      // The reader thread may hold the job a little longer, but the exchange must be released on
      // the loop.
      const ExchangePtr held = std::move(job->exchange);
      const auto go_on = std::move(job->then);
      go_on(std::move(job->write));
    };
  });
  if (!taken) job->then(readers_busy());
}

base::Error readers_busy() { return {base::Code::kBusy, "too many reads wait; try again"}; }

void answer_from_snapshot(Data& data, const ExchangePtr& exchange, std::size_t bytes,
                          std::function<http::Response(store::Reader&)> answer) {
  exchange->when_room(bytes, [&data, exchange, answer = std::move(answer)] {
    read_answer(data, exchange, answer);
  });
}

}  // namespace agent
