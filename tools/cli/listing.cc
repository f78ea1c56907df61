#include "tools/cli/listing.h"

#include <algorithm>
#include <utility>

#include "tools/cli/element_cutter.h"
#include "tools/cli/json_text.h"
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

// Prints the rows of one listing, page by page, and of a page in the parts in which it arrives.
class Rows {
 public:
  Rows(Session& session, const Listing& listing) : printer_(session.printer), listing_(listing) {}

  // A part of a page: rows of a table or lines of jsonl. False: no agent's answer.
  bool part(const std::vector<std::string_view>& elements) {
    if (!listing_.is_ours(elements)) return false;
    printed_ += elements.size();
    if (printer_.is_table()) {
      print_rows(printer_, listing_, elements);
    } else {
      for (auto element : elements) {
        printer_.text((listing_.json_line ? listing_.json_line(element) : one_line(element)) +
                      "\n");
      }
    }
    return true;
  }
  bool in_parts() const { return printer_.format() != Format::kJson; }

  // A whole page as a part of one JSON value.
  void json_page(const Answer& answer, const std::vector<std::string_view>& page, bool last) {
    if (!spliced_ && last) {
      printer_.answer(answer.body, page);
    } else {
      if (!spliced_) printer_.text(listing_.open);
      spliced_ = true;
      for (std::size_t i = 0; i < page.size(); ++i) {
        if (printed_ + i > 0) printer_.text(",");
        printer_.text(page[i]);
      }
      if (last) printer_.answer(listing_.close);
    }
    printed_ += page.size();
  }

  // The rows of an answer that the agent has not completed yet. False: no agent's answer.
  bool arrived(std::string_view so_far) {
    auto elements = cutter_.more(so_far);
    if (elements.empty()) return true;
    if (!std::all_of(elements.begin(), elements.end(), is_json) || !part(elements)) return false;
    shown_of_page_ += elements.size();
    printer_.flush();
    return !printer_.failed();
  }
  // The page is complete. False: no agent's answer.
  bool complete(const Answer& answer, const std::vector<std::string_view>& page, bool last) {
    std::size_t shown = std::exchange(shown_of_page_, 0);
    cutter_ = {};
    if (in_parts()) return part({page.begin() + static_cast<std::ptrdiff_t>(shown), page.end()});
    if (!listing_.is_ours(page)) return false;
    json_page(answer, page, last);
    return true;
  }
  std::size_t printed() const { return printed_; }

 private:
  Printer& printer_;
  const Listing& listing_;
  std::size_t printed_ = 0;
  bool spliced_ = false;
  ElementCutter cutter_;
  std::size_t shown_of_page_ = 0;
};

}  // namespace

int print_listing(Session& session, const Listing& listing, const std::string& first_path) {
  Rows rows(session, listing);
  bool foreign = false;
  auto arrived = [&](const Answer& so_far) {
    foreign = !rows.arrived(so_far.body) && !session.printer.failed();
    return !foreign && !session.printer.failed();
  };
  bool in_parts = listing.is_array && rows.in_parts();
  for (std::string path = first_path; !path.empty();) {
    auto answer = in_parts ? session.client.get(path, arrived) : session.client.get(path);
    if (session.printer.failed()) return kError;
    if (foreign) return foreign_answer(session, "GET " + path);
    if (!answer.ok()) return fail(answer.error());
    auto page = listing.elements(answer->body);
    auto next = listing.next(*answer);
    if (!page || next == path || !rows.complete(*answer, *page, next.empty())) {
      return foreign_answer(session, "GET " + path);
    }
    path = std::move(next);
  }
  if (rows.printed() > 0) return kDone;
  say(listing.empty_message);
  return listing.empty_exit;
}

std::string linked_page(const Answer& answer) { return next_path(answer.link); }

}  // namespace cli
