#include "tools/cli/printer.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "agent/log.h"
#include "tools/cli/descriptors.h"
#include "tools/cli/json_text.h"
#include "tools/cli/text_width.h"

namespace cli {
namespace {

constexpr std::size_t kUnwrittenMax = 64 * 1024;

bool wants_colours() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  bool refused = no_color != nullptr && *no_color != '\0';
  bool dumb = term == nullptr || std::strcmp(term, "dumb") == 0;
  return !refused && !dumb && isatty(STDOUT_FILENO) == 1;
}

std::size_t terminal_columns() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

std::string_view colour_code(Colour colour) {
  switch (colour) {
    case Colour::kGreen:
      return "\x1B[32m";
    case Colour::kYellow:
      return "\x1B[33m";
    case Colour::kRed:
      return "\x1B[31m";
    case Colour::kNone:
      break;
  }
  return "";
}

}  // namespace

Printer::Printer(Format format)
    : format_(format),
      terminal_(isatty(STDOUT_FILENO) == 1),
      colours_(wants_colours()),
      columns_(terminal_ ? terminal_columns() : 0) {}

void Printer::text(std::string_view data) {
  unwritten_ += data;
  if (unwritten_.size() >= kUnwrittenMax) flush();
}

void Printer::line(std::string_view data) { text(agent::visible(data) + "\n"); }

void Printer::row_line(std::string_view data) {
  auto shown = agent::visible(data);
  text((columns_ > 0 ? cut_to(shown, columns_) : shown) + "\n");
}

void Printer::answer(std::string_view body) { answer(body, {body}); }

void Printer::answer(std::string_view body, const std::vector<std::string_view>& elements) {
  if (format_ == Format::kJsonLines) {
    for (auto element : elements) text(one_line(element) + "\n");
    return;
  }
  text(body);
  if (terminal_ && !body.ends_with('\n')) text("\n");
}

void Printer::rows(const std::vector<std::string>& header, const std::vector<Row>& rows) {
  std::vector<Row> safe;
  for (const auto& row : rows) {
    Row cells = row;
    for (auto& cell : cells) cell.text = agent::visible(cell.text);
    safe.push_back(std::move(cells));
  }
  Row names;
  for (const auto& name : header) names.push_back({name});
  if (!header_shown_) safe.insert(safe.begin(), names);
  header_shown_ = true;

  widths_.resize(header.size());
  for (const auto& cells : safe) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      widths_[i] = std::max(widths_[i], columns_of(cells[i].text));
    }
  }
  for (const auto& cells : safe) row(cells);
}

void Printer::row(const Row& cells) {
  constexpr std::size_t kGap = 2;
  std::string out;
  std::size_t used = 0;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    bool last = i + 1 == cells.size();
    // The row is cut here if this cell does not fit, or if the next one has no column left.
    std::size_t room = columns_ - used;
    std::size_t width = last ? columns_of(cells[i].text) : widths_[i] + kGap + 1;
    bool ends_here = columns_ > 0 && width > room;
    auto shown = cells[i].text;
    if (ends_here) shown = cut_to(last ? shown : shown + std::string(room + 1, ' '), room);
    bool colour = colours_ && cells[i].colour != Colour::kNone;
    if (colour) out += colour_code(cells[i].colour);
    out += shown;
    if (colour) out += "\x1B[0m";
    if (ends_here || last) break;
    out.append(widths_[i] - columns_of(shown) + kGap, ' ');
    used += widths_[i] + kGap;
  }
  text(out + "\n");
}

void Printer::pairs(const std::vector<std::pair<std::string, Cell>>& pairs) {
  if (pairs.empty()) return;
  std::vector<Row> all;
  for (const auto& [name, value] : pairs) all.push_back({{name}, value});
  header_shown_ = true;
  rows({"", ""}, all);
}

void Printer::flush() {
  if (write_error_ == 0) write_error_ = write_all(STDOUT_FILENO, unwritten_);
  unwritten_.clear();
}

int Printer::finish(int exit) {
  flush();
  if (write_error_ == 0) return exit;
  say(std::string("write to stdout: ") +
      (write_error_ == EBADF ? "it is closed" : std::strerror(write_error_)));
  return exit == kDone ? kError : exit;
}

bool stderr_is_terminal() { return isatty(STDERR_FILENO) == 1; }

}  // namespace cli
