#include "agent/store_figures.h"

#include <utility>

namespace agent {
namespace {

std::uint64_t unsigned_of(std::int64_t number) {
  return number < 0 ? 0 : static_cast<std::uint64_t>(number);
}

}  // namespace

void StoreFiguresWatch::moved() {
  again_ = true;
  if (std::exchange(due_, true)) return;
  read();
}

// The next read comes after the gap, if somebody asked for one until then. The gap is kept too when
// the readers are busy.
void StoreFiguresWatch::read() {
  bool taken = data_.read([this](store::Reader& reader) -> std::function<void()> {
    StoreFigures now;
    now.objects = unsigned_of(reader.cells().total_objects());
    now.cells = unsigned_of(reader.cells().total_cells());
    now.log_changes = reader.log().changes();
    now.log_bytes = reader.log().bytes();
    return [this, now] { figures_ = now; };
  });
  again_ = !taken;
  timers_.later(kFiguresGapMillis, [this] {
    due_ = false;
    if (again_) moved();
  });
}

}  // namespace agent
