#include "crdt/types/op.h"

namespace crdt {

std::string_view verb_name(Verb verb) {
  switch (verb) {
    case Verb::kSet:
      return "set";
    case Verb::kReplace:
      return "replace";
    case Verb::kPut:
      return "put";
    case Verb::kMerge:
      return "merge";
    case Verb::kUnset:
      return "unset";
    case Verb::kIncrement:
      return "increment";
    case Verb::kDecrement:
      return "decrement";
    case Verb::kAdd:
      return "add";
    case Verb::kRemove:
      return "remove";
    case Verb::kInsert:
      return "insert";
    case Verb::kErase:
      return "erase";
  }
  return "unknown";
}

base::Error error_of_op(const base::Error& error, std::size_t number, std::size_t ops) {
  if (ops == 1) return error;
  return {error.code, "op " + std::to_string(number) + ": " + error.message};
}

}  // namespace crdt
