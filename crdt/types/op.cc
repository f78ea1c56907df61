#include "crdt/types/op.h"

namespace crdt {

std::string_view verb_name(Verb verb) {
  switch (verb) {
    case Verb::kSet:
      return "set";
    case Verb::kReplace:
      return "replace";
    case Verb::kPutEntry:
      return "put";
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

}  // namespace crdt
