#include "tests/cluster/history.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace cluster {
namespace {

constexpr int kPage = 10'000;

std::string shown(const EntryState& state) { return state ? *state : "nothing"; }

EntryState find(const Catalog& read, const std::string& id) {
  auto at = read.find(id);
  return at == read.end() ? EntryState{} : EntryState{at->second};
}

std::string wrong(const std::string& id, const EntryState& read,
                  const std::vector<EntryState>& possible) {
  std::string text = id + " is " + shown(read) + ", may be";
  for (const EntryState& state : possible) text += " " + shown(state);
  return text;
}

}  // namespace

Outcome outcome_of(const base::Result<probe::HttpAnswer>& answer) {
  if (!answer.ok()) return Outcome::kUnknown;
  if (answer->status == 200) return Outcome::kAcknowledged;
  bool unknown = answer->body.find("indeterminate") != std::string::npos;
  return unknown ? Outcome::kUnknown : Outcome::kRefused;
}

void History::asked(const std::string& id, EntryState after, Outcome outcome) {
  std::lock_guard lock(mutex_);
  count(outcome);
  note(id, std::move(after), outcome);
}

void History::asked_together(const std::vector<std::string>& ids, const std::string& after,
                             Outcome outcome) {
  std::lock_guard lock(mutex_);
  count(outcome);
  for (const std::string& id : ids) note(id, after, outcome);
  if (outcome == Outcome::kUnknown) together_.push_back(ids);
}

void History::count(Outcome outcome) {
  if (outcome == Outcome::kAcknowledged) ++counts_.acknowledged;
  if (outcome == Outcome::kRefused) ++counts_.refused;
  if (outcome == Outcome::kUnknown) ++counts_.unknown;
}

void History::note(const std::string& id, EntryState after, Outcome outcome) {
  auto [at, fresh] = entries_.try_emplace(id, Possible{EntryState{}});
  if (outcome == Outcome::kUnknown) at->second.push_back(std::move(after));
  if (outcome == Outcome::kAcknowledged) at->second = {std::move(after)};
}

std::vector<std::string> History::settle(const Catalog& read, const std::string& from_id) {
  auto wrongs = judge(read, from_id);
  std::lock_guard lock(mutex_);
  for (const auto& ids : together_) {
    auto there = std::count_if(ids.begin(), ids.end(), [&](auto& id) { return read.contains(id); });
    if (there != 0 && static_cast<std::size_t>(there) != ids.size()) {
      wrongs.push_back(ids.front() + " and what came with it: only a part is there");
    }
  }
  together_.clear();
  for (auto at = entries_.lower_bound(from_id); at != entries_.end(); ++at) {
    Possible& possible = at->second;
    if (possible.size() == 1) continue;
    EntryState was = find(read, at->first);
    if (was != possible.front()) ++counts_.unknown_applied;
    possible = {std::move(was)};
  }
  return wrongs;
}

std::vector<std::string> History::judge(const Catalog& read, const std::string& from_id) const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> wrongs;
  for (auto at = entries_.lower_bound(from_id); at != entries_.end(); ++at) {
    const Possible& possible = at->second;
    EntryState was = find(read, at->first);
    if (std::find(possible.begin(), possible.end(), was) != possible.end()) continue;
    wrongs.push_back(wrong(at->first, was, possible));
  }
  for (const auto& [id, metadata] : read) {
    if (id >= from_id && !entries_.contains(id)) wrongs.push_back(id + " was never written");
  }
  return wrongs;
}

std::vector<std::string> History::present(const std::string& from_id) const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> ids;
  for (auto at = entries_.lower_bound(from_id); at != entries_.end(); ++at) {
    if (at->second.size() == 1 && at->second.front()) ids.push_back(at->first);
  }
  return ids;
}

HistoryCounts History::counts() const {
  std::lock_guard lock(mutex_);
  return counts_;
}

base::Result<Catalog> read_catalog(probe::HttpClient client, const std::string& from_id) {
  Catalog catalog;
  std::string after = from_id;
  while (true) {
    std::string target = "/catalog/query?type=snapshots&limit=" + std::to_string(kPage);
    if (!after.empty()) target += "&after=" + after;
    ASSIGN_OR_RETURN(auto answer, client.get(target));
    auto page = nlohmann::json::parse(answer.body, nullptr, false);
    if (answer.status != 200 || !page.is_array()) {
      return base::Error{base::Code::kUnavailable, target + ": " + std::to_string(answer.status)};
    }
    for (const auto& entry : page) {
      after = entry["id"].get<std::string>();
      catalog[after] = entry["metadata"].dump();
    }
    // A page may also end at its bytes: only the header says that more follows.
    if (answer.header("Link").empty() || page.empty()) return catalog;
  }
}

}  // namespace cluster
