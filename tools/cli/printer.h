#pragma once

// Writes the data of a command to stdout, as a table for people or as JSON for programs.

#include <string>
#include <string_view>
#include <vector>

#include "tools/cli/exit.h"

namespace cli {

enum class Format { kTable, kJson, kJsonLines };

enum class Colour { kNone, kGreen, kYellow, kRed };
struct Cell {
  std::string text;
  Colour colour = Colour::kNone;
};
using Row = std::vector<Cell>;

class Printer {
 public:
  explicit Printer(Format format);
  Format format() const { return format_; }
  bool is_table() const { return format_ == Format::kTable; }

  void text(std::string_view data);      // unchanged
  void line(std::string_view data);      // safe for a terminal, with a line end
  void row_line(std::string_view data);  // the same, cut at the width of the terminal

  // For json and jsonl: prints an answer unchanged (a terminal gets a line end), or each of its
  // elements on its own line. Without `elements` the answer is one element.
  void answer(std::string_view body);
  void answer(std::string_view body, const std::vector<std::string_view>& elements);

  // A table in parts. The header comes with the first rows, and columns only become wider. On a
  // terminal a row that is too long ends with an ellipsis; elsewhere nothing is cut.
  void rows(const std::vector<std::string>& header, const std::vector<Row>& rows);
  // Prints names and values, one pair in each line.
  void pairs(const std::vector<std::pair<std::string, Cell>>& pairs);

  void flush();
  bool failed() const { return write_error_ != 0; }  // then output is dropped
  // Returns `exit` if all output was written, else kError with a message (disk full, stdout
  // closed).
  int finish(int exit);

 private:
  void row(const Row& cells);
  Format format_;
  std::string unwritten_;
  int write_error_ = 0;  // errno of the first write that failed; later output is dropped
  bool terminal_;
  bool colours_;
  std::size_t columns_ = 0;  // of the terminal; 0: no bound
  bool header_shown_ = false;
  std::vector<std::size_t> widths_;
};

bool stderr_is_terminal();

}  // namespace cli
