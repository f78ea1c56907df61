#pragma once

// A state as a file: the pages of one snapshot (crdt/snapshot.h) behind a small header that names
// the mesh, each with its length and checksum, and an end that names their number and the state.
// Layout:
// docs/storage.md, "A state as a file". The writer and the reader hold one page at a time. What the
// pages say is checked by the state join that takes them (rule 6); this is about whole and
// undamaged bytes.

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "crdt/base/result.h"
#include "crdt/digest.h"

namespace crdt {

inline constexpr std::string_view kStateFileMagic = "HRSYSTAT";
inline constexpr std::uint32_t kStateFileVersion = 1;

class StateFileWriter {
 public:
  // `mesh`: the mark of the mesh that the state is of. Its keys decide what it is; here it is a
  // number.
  explicit StateFileWriter(std::uint64_t mesh);
  base::Bytes head() const;
  base::Bytes page_head(base::BytesView page);  // the page itself follows
  base::Bytes end(const StateHash& state);

 private:
  std::uint64_t mesh_;
  std::uint64_t pages_ = 0;
  std::uint64_t chain_;  // over the mark of the mesh and the checksums of all pages
};

// Takes the file in pieces of any size.
class StateFileReader {
 public:
  struct End {
    StateHash state;
  };
  using Record = std::variant<base::Bytes, End>;  // a page, or the end

  void add(base::BytesView piece) { unread_ += piece; }
  // The next record; nullopt: more bytes are needed. kInvalid: this is no state file, or it is
  // damaged, and the message says what is wrong. Not called again after an error.
  base::Result<std::optional<Record>> next();
  // Absent until the header was read. Only the end shows whether it is undamaged.
  std::optional<std::uint64_t> mesh() const { return mesh_; }
  // Call it when no more bytes come and next() has returned nullopt. kInvalid: the file was cut.
  base::Status finish() const;

 private:
  base::BytesView rest() const { return base::BytesView(unread_).substr(start_); }
  void take(std::size_t bytes) { start_ += bytes; }
  void drop_taken();
  base::Result<std::optional<Record>> next_page();
  base::Result<std::optional<Record>> next_end();

  base::Bytes unread_;
  std::size_t start_ = 0;  // of what next() has not taken
  std::optional<std::uint64_t> mesh_;
  bool ended_ = false;
  std::uint64_t pages_ = 0;
  std::uint64_t chain_ = 0;
};

}  // namespace crdt
