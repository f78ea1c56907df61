#include "tools/cli/listing.h"

#include "tools/cli/shape.h"
#include "tools/cli/url.h"

namespace cli {
namespace {

void print_rows(Printer& printer, const Listing& listing,
                const std::vector<std::string_view>& elements) {
  if (elements.empty()) return;
  std::vector<Row> rows;
  rows.reserve(elements.size());
  for (auto element : elements) rows.push_back(listing.row(element));
  printer.rows(listing.header, rows);
}

}  // namespace

int print_listing(Session& session, const Listing& listing, const std::string& first_path) {
  auto& printer = session.printer;
  std::size_t printed = 0;
  bool spliced = false;
  for (std::string path = first_path; !path.empty();) {
    auto answer = session.client.get(path);
    if (!answer.ok()) return fail(answer.error());
    auto page = listing.elements(answer->body);
    auto next = listing.next(*answer);
    if (!page || next == path || !listing.is_ours(*page)) {
      return foreign_answer(session, "GET " + path);
    }
    bool only_page = !spliced && next.empty();
    if (printer.is_table()) {
      print_rows(printer, listing, *page);
    } else if (printer.format() == Format::kJsonLines && listing.json_line) {
      for (auto element : *page) printer.text(listing.json_line(element) + "\n");
    } else if (printer.format() == Format::kJsonLines || only_page) {
      printer.answer(answer->body, *page);
    } else {
      if (!spliced) printer.text(listing.open);
      spliced = true;
      for (std::size_t i = 0; i < page->size(); ++i) {
        if (printed + i > 0) printer.text(",");
        printer.text((*page)[i]);
      }
      if (next.empty()) printer.text(listing.close + "\n");
    }
    printed += page->size();
    path = std::move(next);
  }
  if (printed > 0) return kDone;
  say(listing.empty_message);
  return listing.empty_exit;
}

std::string linked_page(const Answer& answer) { return next_path(answer.link); }

}  // namespace cli
