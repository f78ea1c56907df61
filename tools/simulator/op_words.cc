#include "tools/simulator/op_words.h"

#include "crdt/slot.h"

namespace simulation {
namespace {

struct Argument {
  std::string operator()(const std::monostate&) { return ""; }
  std::string operator()(const std::string& json) { return " " + json; }
  std::string operator()(const crdt::Members& members) {
    return " " + std::to_string(members.size()) + " members";
  }
  std::string operator()(const crdt::Amount& amount) { return " " + std::to_string(amount.by); }
  std::string operator()(const crdt::TextInsert& edit) {
    const std::string where =
        edit.after ? " after " + edit.after->text() : " at " + std::to_string(edit.at);
    return where + " \"" + edit.text + "\"";
  }
  std::string operator()(const crdt::TextErase& edit) {
    if (edit.elements.empty()) {
      return " at " + std::to_string(edit.at) + " length " + std::to_string(edit.length);
    }
    std::string text = " elements";
    for (const crdt::DotRun& run : edit.elements) {
      text += " " + crdt::Dot{run.actor, run.seq, run.index}.text() + "+" +
              std::to_string(run.count) + "*" + std::to_string(run.changes);
    }
    return text;
  }
  std::string operator()(const crdt::Totals& totals) {
    std::string text;
    for (const crdt::Totals::Node& of : totals.nodes) {
      text += " " + of.node + " +" + std::to_string(of.added) + " -" + std::to_string(of.taken);
    }
    return text;
  }
};

}  // namespace

std::string text_of(const std::vector<crdt::Op>& ops) {
  std::string text;
  for (const crdt::Op& op : ops) {
    if (!text.empty()) text += ", ";
    text += crdt::verb_name(op.verb);
    if (op.type) text += " " + std::string(crdt::type_name(*op.type));
    text += " ";
    for (const std::string& component : op.path) text += "/" + component;
    text += std::visit(Argument(), op.argument);
    for (const std::string& tag : op.tags) text += " tag " + tag;
    if (op.keeps_ties) text += " keeping ties";
    if (op.stamp) text += " of " + op.stamp->writer + " at " + std::to_string(op.stamp->time.nanos);
  }
  return text;
}

}  // namespace simulation
