#include "store/memtable_version.h"

namespace store {

const Memtable::Entry* MemtableVersion::find(CellKey key) const {
  for (const Memtable* table : {active.get(), frozen.get()}) {
    if (!table) continue;
    if (const Memtable::Entry* entry = table->find(key, name.last)) return entry;
  }
  return nullptr;
}

void MemtableShare::put(const MemtableVersion& version) {
  auto versions = std::make_shared<Versions>();
  versions->reserve(kVersionsMax + 1);
  const auto before = std::atomic_load(&versions_);
  for (const auto& known : *before) {
    if (known->name != version.name) versions->push_back(known);
  }
  if (versions->size() == kVersionsMax) versions->erase(versions->begin());
  versions->push_back(std::make_shared<MemtableVersion>(version));
  std::atomic_store(&versions_, std::shared_ptr<const Versions>(std::move(versions)));
}

std::optional<MemtableVersion> MemtableShare::find(const RecentName& name) const {
  const auto versions = std::atomic_load(&versions_);
  for (auto known = versions->rbegin(); known != versions->rend(); ++known) {
    if ((*known)->name == name) return **known;
  }
  return std::nullopt;
}

void MemtableShare::clear() {
  std::atomic_store(&versions_, std::shared_ptr<const Versions>(std::make_shared<Versions>()));
}

}  // namespace store
