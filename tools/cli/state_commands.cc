#include "tools/cli/state_commands.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <utility>

#include "tools/cli/descriptors.h"
#include "tools/cli/exit.h"
#include "tools/cli/join_text.h"
#include "tools/cli/shape.h"
#include "tools/cli/upload.h"

namespace cli {
namespace {

// A new file beside the one that it becomes. Without commit() it is removed.
class NewFile {
 public:
  explicit NewFile(std::string path) : path_(std::move(path)), temporary_(path_ + ".XXXXXX") {
    number_ = mkostemp(temporary_.data(), O_CLOEXEC);  // mode 0600
  }
  ~NewFile() {
    if (number_ < 0) return;
    close(number_);
    if (!done_) unlink(temporary_.c_str());
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  int number() const { return number_; }
  bool commit() {
    done_ = fsync(number_) == 0 && rename(temporary_.c_str(), path_.c_str()) == 0;
    return done_;
  }

 private:
  std::string path_;
  std::string temporary_;
  int number_ = -1;
  bool done_ = false;
};

base::Result<std::uint64_t> download_state(Session& session, int descriptor,
                                           const std::string& path) {
  std::uint64_t bytes = 0;
  std::optional<base::Error> failed;
  const auto status = session.client.download("/v1/state", [&](std::string_view piece) {
    bytes += piece.size();
    if (int code = write_all(descriptor, piece); code != 0) {
      errno = code;
      failed = file_error("write", path);
    }
    return !failed;
  });
  if (failed) return *failed;
  RETURN_IF_ERROR(status);
  return bytes;
}

}  // namespace

int export_state(Session& session, const std::string& path) {
  if (path == "-") {
    auto bytes = download_state(session, STDOUT_FILENO, "stdout");
    return bytes.ok() ? kDone : fail(bytes.error());
  }
  NewFile file(path);
  if (file.number() < 0) return fail(file_error("write", path));
  auto bytes = download_state(session, file.number(), path);
  if (!bytes.ok()) return fail(bytes.error());
  if (!file.commit()) return fail(file_error("write", path));
  if (session.printer.is_table()) {
    session.printer.line(fmt::format("wrote the state to {}, {} bytes", path, *bytes));
  } else {
    session.printer.answer(fmt::format("{{\"bytes\":{}}}", *bytes));
  }
  return kDone;
}

int import_state(Session& session, const std::string& path, bool any_mesh) {
  const std::string route = any_mesh ? "/v1/state?mesh=any" : "/v1/state";
  auto answer = upload_file(session, route, path, Upload::kState);
  if (!answer.ok()) return fail(answer.error());
  const bool ours = has_shape(answer->body, {{"objects", Kind::kObject},
                                             {"cells", Kind::kObject},
                                             {"texts_changed", Kind::kNumber},
                                             {"own_changes_kept", Kind::kNumber}});
  if (!ours) return foreign_answer(session, "POST /v1/state");
  if (!session.printer.is_table()) {
    session.printer.answer(answer->body);
  } else {
    session.printer.line(join_counts(answer->body));
  }
  return kDone;
}

}  // namespace cli
