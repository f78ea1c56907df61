// `snapshots import` and `images import`: sends JSON lines as a stream. Other commands send other
// files in the same way (upload.h).

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <fcntl.h>

#include "tools/cli/catalog_commands.h"
#include "tools/cli/descriptors.h"
#include "tools/cli/json_text.h"
#include "tools/cli/shape.h"
#include "tools/cli/upload.h"

namespace cli {
namespace {

// Shows on a terminal how much was sent. Prints nothing if stderr is no terminal.
class Progress {
 public:
  explicit Progress(bool lines) : shown_(stderr_is_terminal()), has_lines_(lines) {}

  void add(std::string_view piece) {
    bytes_ += piece.size();
    lines_ += static_cast<std::uint64_t>(std::count(piece.begin(), piece.end(), '\n'));
    auto now = std::chrono::steady_clock::now();
    if (!shown_ || now - last_ < std::chrono::milliseconds(200)) return;
    last_ = now;
    print();
  }
  void end() {
    if (!shown_) return;
    print();
    write_all(STDERR_FILENO, "\n");
  }

 private:
  void print() const {
    auto text = fmt::format("\r{}{:.1f} MB sent",
                            has_lines_ ? fmt::format("{} lines, ", lines_) : std::string(),
                            static_cast<double>(bytes_) / 1e6);
    write_all(STDERR_FILENO, text);
  }

  bool shown_;
  bool has_lines_;
  std::uint64_t lines_ = 0;
  std::uint64_t bytes_ = 0;
  std::chrono::steady_clock::time_point last_;
};

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ > STDIN_FILENO) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

}  // namespace

base::Result<Answer> upload_file(Session& session, const std::string& url, const std::string& path,
                                 Upload what) {
  Descriptor file(path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number() < 0) return file_error("open", path);

  const bool lines = what == Upload::kLines;
  Progress progress(lines);
  // It uses read(2) instead of stdio, so that data of a slow pipe is passed on at once.
  auto read_piece = [&](char* buffer, std::size_t size) -> base::Result<std::size_t> {
    auto count = read_some(file.number(), buffer, size);
    if (count < 0) return file_error("read", path);
    auto bytes = static_cast<std::size_t>(count);
    progress.add({buffer, bytes});
    return bytes;
  };
  auto answer = session.client.upload(
      url, lines ? "application/x-ndjson" : "application/octet-stream", read_piece);
  progress.end();
  return answer;
}

int import_entries(Session& session, const std::string& object, const std::string& path) {
  auto answer = upload_file(session, "/v1/import?type=" + object, path, Upload::kLines);
  if (!answer.ok()) return fail(answer.error());
  if (!has_shape(answer->body, {{"added", Kind::kNumber}, {"unchanged", Kind::kNumber}})) {
    return foreign_answer(session, "POST /v1/import");
  }

  if (!session.printer.is_table()) {
    session.printer.answer(answer->body);
  } else {
    session.printer.line(fmt::format("{} added, {} unchanged", field(answer->body, "added"),
                                     field(answer->body, "unchanged")));
  }
  return kDone;
}

}  // namespace cli
