#include "crdt/state_file.h"

#include <algorithm>
#include <utility>

#include "crdt/base/hash.h"
#include "crdt/snapshot.h"

namespace crdt {
namespace {

constexpr std::size_t kHeadBytes = 8 + 4 + 8;
constexpr std::size_t kPageHeadBytes = 4 + 8;
constexpr std::size_t kEndBytes = 4 + 8 + 8 + 8 + 8;

std::uint64_t checksum(std::initializer_list<std::uint64_t> numbers) {
  base::Bytes bytes;
  for (const std::uint64_t number : numbers) base::append_be64(bytes, number);
  return base::row_checksum(bytes);
}

// The number of the page is part of it, so pages that change places are noticed.
std::uint64_t page_sum(std::uint64_t number, base::BytesView page) {
  return checksum({number, page.size(), base::row_checksum(page)});
}

std::uint64_t end_sum(std::uint64_t chain, std::uint64_t pages, const StateHash& state) {
  return checksum({chain, pages, state.vector, state.cells});
}

}  // namespace

StateFileWriter::StateFileWriter(std::uint64_t mesh) : mesh_(mesh), chain_(checksum({mesh})) {}

base::Bytes StateFileWriter::head() const {
  base::Bytes out(kStateFileMagic);
  base::append_be32(out, kStateFileVersion);
  base::append_be64(out, mesh_);
  return out;
}

base::Bytes StateFileWriter::page_head(base::BytesView page) {
  const std::uint64_t sum = page_sum(++pages_, page);
  chain_ = checksum({chain_, sum});
  base::Bytes out;
  base::append_be32(out, static_cast<std::uint32_t>(page.size()));
  base::append_be64(out, sum);
  return out;
}

base::Bytes StateFileWriter::end(const StateHash& state) {
  base::Bytes out;
  base::append_be32(out, 0);
  base::append_be64(out, pages_);
  base::append_be64(out, state.vector);
  base::append_be64(out, state.cells);
  base::append_be64(out, end_sum(chain_, pages_, state));
  return out;
}

base::Result<std::optional<StateFileReader::Record>> StateFileReader::next() {
  const std::optional<Record> none;
  if (!mesh_) {
    const std::size_t known = std::min(rest().size(), kStateFileMagic.size());
    if (rest().substr(0, known) != kStateFileMagic.substr(0, known)) {
      return base::invalid("this is no state file of Hearsay");
    }
    if (rest().size() < kStateFileMagic.size() + 4) return none;
    const char* behind_magic = rest().data() + kStateFileMagic.size();
    const std::uint32_t version = base::read_be32(behind_magic);
    if (version != kStateFileVersion) {
      return base::invalid("the state file has the format " + std::to_string(version) +
                           "; this version of Hearsay reads the format " +
                           std::to_string(kStateFileVersion) +
                           "; export and import with programs of one version");
    }
    if (rest().size() < kHeadBytes) return none;
    mesh_ = base::read_be64(behind_magic + 4);
    chain_ = checksum({*mesh_});
    take(kHeadBytes);
  }
  if (ended_) {
    if (rest().empty()) return none;
    return base::invalid("the state file has bytes behind its end");
  }
  if (rest().size() < 4) {
    drop_taken();
    return none;
  }
  return base::read_be32(rest().data()) == 0 ? next_end() : next_page();
}

base::Result<std::optional<StateFileReader::Record>> StateFileReader::next_page() {
  const std::string which = "page " + std::to_string(pages_ + 1) + " of the state file";
  const std::size_t size = base::read_be32(rest().data());
  if (size > kSnapshotPageBytesMax) {
    return base::invalid(which + " is damaged: it says that it has " + std::to_string(size) +
                         " bytes; at most " + std::to_string(kSnapshotPageBytesMax) +
                         " are possible");
  }
  if (rest().size() < kPageHeadBytes + size) {
    drop_taken();
    return std::optional<Record>();
  }
  const std::uint64_t sum = base::read_be64(rest().data() + 4);
  const base::BytesView page = rest().substr(kPageHeadBytes, size);
  if (page_sum(++pages_, page) != sum) {
    return base::invalid(which + " is damaged: its checksum is wrong; copy or export it again");
  }
  chain_ = checksum({chain_, sum});
  Record record = base::Bytes(page);
  take(kPageHeadBytes + size);
  return std::optional<Record>(std::move(record));
}

base::Result<std::optional<StateFileReader::Record>> StateFileReader::next_end() {
  if (rest().size() < kEndBytes) {
    drop_taken();
    return std::optional<Record>();
  }
  const char* at = rest().data() + 4;
  const std::uint64_t pages = base::read_be64(at);
  const End end{{base::read_be64(at + 8), base::read_be64(at + 16)}};
  const std::uint64_t sum = base::read_be64(at + 24);
  if (pages != pages_ || sum != end_sum(chain_, pages, end.state)) {
    return base::invalid("the end of the state file is damaged; copy or export it again");
  }
  take(kEndBytes);
  ended_ = true;
  return std::optional<Record>(end);
}

base::Status StateFileReader::finish() const {
  if (ended_ && rest().empty()) return {};
  if (!mesh_ && unread_.empty()) return base::invalid("the state file is empty");
  return base::invalid("the state file ends in its middle, after " + std::to_string(pages_) +
                       " whole pages: it was cut; copy or export it again");
}

void StateFileReader::drop_taken() {
  unread_.erase(0, start_);
  start_ = 0;
}

}  // namespace crdt
