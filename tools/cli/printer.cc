#include "tools/cli/printer.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "agent/log.h"
#include "tools/cli/json_text.h"

namespace cli {
namespace {

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

bool starts_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), starts_character));
}

// At most `count` characters, the last of them an ellipsis where something was cut.
std::string shortened(const std::string& utf8, std::size_t count) {
  if (characters(utf8) <= count || count == 0) return utf8;
  std::size_t end = 0;
  std::size_t seen = 0;
  for (; end < utf8.size(); ++end) {
    if (starts_character(utf8[end]) && ++seen == count) break;
  }
  return utf8.substr(0, end) + "\xE2\x80\xA6";
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

void Printer::text(std::string_view data) { std::fwrite(data.data(), 1, data.size(), stdout); }

void Printer::line(std::string_view data) { text(agent::visible(data) + "\n"); }

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
      widths_[i] = std::max(widths_[i], characters(cells[i].text));
    }
  }
  for (const auto& cells : safe) row(cells);
}

void Printer::row(const Row& cells) {
  constexpr std::size_t kGap = 2;
  constexpr std::size_t kLastColumnMin = 20;  // a narrow terminal breaks the line rather
  std::string out;
  std::size_t used = 0;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    bool last = i + 1 == cells.size();
    bool cut = last && columns_ > used + kLastColumnMin;
    auto shown = cut ? shortened(cells[i].text, columns_ - used) : cells[i].text;
    bool colour = colours_ && cells[i].colour != Colour::kNone;
    if (colour) out += colour_code(cells[i].colour);
    out += shown;
    if (colour) out += "\x1B[0m";
    if (last) break;
    out.append(widths_[i] - characters(shown) + kGap, ' ');
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

void Printer::flush() { std::fflush(stdout); }

int Printer::finish(int exit) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return exit;
  say(std::string("write to stdout: ") + std::strerror(errno));
  return exit == kDone ? kError : exit;
}

bool stderr_is_terminal() { return isatty(STDERR_FILENO) == 1; }

}  // namespace cli
