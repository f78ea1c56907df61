#include "tools/simulator/power_cut_history.h"

#include <algorithm>

#include "crdt/base/check.h"
#include "tools/simulator/requests.h"

namespace simulation {
namespace {

constexpr std::int64_t kWallStart = 1'700'000'000'000'000'000;
constexpr std::uint64_t kIds = 24;
constexpr std::uint64_t kNoteBytesMax = 500;
constexpr std::uint32_t kImageOneIn = 3;  // one of so many changing calls of SQLite
constexpr std::uint32_t kLyingOneIn = 5;  // one of so many mixed histories
constexpr std::uint64_t kLyingSteps = 12;
constexpr std::uint64_t kSpendOneIn = 4;  // steps of a mixed history, see spend_positions()
constexpr std::int64_t kOwnWritesPages = 60;

constexpr std::array<PowerCut, 4> kPowerCuts{PowerCut::kAll, PowerCut::kSuffix, PowerCut::kSubset,
                                             PowerCut::kSectors};
constexpr const char* kObject = "snapshots";

std::string entry_id(base::Random& random) { return "id" + std::to_string(random.below(kIds)); }

crdt::Members metadata(base::Random& random) {
  const std::uint64_t size = random.below(1'000'000);
  const std::uint64_t note = random.below(kNoteBytesMax);
  return {{"size", std::to_string(size)}, {"note", crdt::json_quote(std::string(note, 'n'))}};
}

// On a text, a set or a counter of one object; none of them can be refused.
agent::WriteObject some_edit(base::Random& random) {
  using crdt::SlotType;
  using crdt::Verb;
  const std::uint64_t kind = random.below(8);
  const std::string element = std::to_string(random.below(5));
  crdt::Op edit{{"text"}, Verb::kUnset, {}, {}, {}};
  if (kind < 5) {
    const std::uint64_t letters = 1 + random.below(30);
    edit = {{"text"},
            Verb::kInsert,
            crdt::TextInsert{0, {}, std::string(letters, 'x')},
            SlotType::kSeq,
            {}};
  } else if (kind < 6) {
    edit = {{"set"}, Verb::kAdd, element, SlotType::kOrSet, {}};
  } else if (kind < 7) {
    edit = {{"hits"}, Verb::kIncrement, crdt::Amount{1}, SlotType::kGCounter, {}};
  }
  return {"doc", {std::move(edit)}};
}

agent::WriteRequest some_request(base::Random& random) {
  if (random.chance(4)) return some_edit(random);
  const std::uint64_t kind = random.below(10);
  std::string id = entry_id(random);
  if (kind < 4) return add_entry(kObject, std::move(id), metadata(random));
  if (kind < 5) return put_entry(kObject, std::move(id), metadata(random));
  if (kind < 7) {
    const std::uint64_t size = random.below(1'000'000);
    return patch_entry(kObject, id, {{"size", std::to_string(size)}});
  }
  if (kind < 9) return remove_entry(kObject, std::move(id));
  agent::ImportEntries import{kObject, {}};
  for (std::uint64_t i = 0; i < 6; ++i) {
    import.entries.push_back({"id" + std::to_string(i), metadata(random)});
  }
  return import;
}

agent::ReplicaOptions options_for(Course course, base::Random& random, const std::string& vfs) {
  agent::ReplicaOptions options;
  options.store.vfs = vfs;
  options.store.fold_changes = 3;
  options.store.texts_open_bytes = 1;
  // So small that most cuts hit the middle of a fold.
  options.store.memtable_slots = 4;
  options.store.memtable_fold_slots = 1;
  options.store.memtable_fold_bytes = 300;
  options.store.memtable_rest_calls = 1;
  if (course == Course::kOwnWrites) {
    options.store.wal_pages = kOwnWritesPages;
    return options;
  }
  options.store.wal_pages = static_cast<std::int64_t>(8 + random.below(60));
  options.store.log_bytes_max = 2'000 + random.below(20'000);
  return options;
}

}  // namespace

std::string_view cut_name(Cut cut) {
  constexpr std::array<std::string_view, kCuts> kNames{"all", "suffix", "subset", "sectors",
                                                       "lying sync"};
  return kNames[static_cast<std::size_t>(cut)];
}

// Writes from time to time, and keeps every change that it has sealed.
class PowerCutHistory::Source {
 public:
  explicit Source(base::Random random) : random_(std::move(random)), disk_(random_.fork()) {
    agent::ReplicaOptions options;
    options.store.vfs = disk_.vfs();
    auto opened =
        agent::Replica::open({{1}, kWallStart, true}, "source.db", options, "host", random_.fork());
    CHECK(opened.ok());
    replica_ = std::move(*opened);
  }

  void write(base::Now now) {
    std::vector<agent::Input> inputs;
    inputs.push_back(agent::Write{1, some_request(random_)});
    agent::Outputs out = replica_->turn(now, inputs, false);
    for (crdt::SealedChange& sealed : out.facts.own) sealed_.push_back(std::move(sealed));
  }

  // The changes that `vector` lacks, at most `count`, without the first `skipped`.
  agent::Received after(const crdt::VersionVector& vector, std::size_t skipped,
                        std::size_t count) const {
    agent::Received received;
    received.from = replica_->node_id();
    const std::size_t known = static_cast<std::size_t>(vector.seq_of(replica_->own_actor()));
    for (std::size_t i = known + skipped; i < sealed_.size() && count > 0; ++i, --count) {
      auto opened = crdt::open_change(sealed_[i].bytes);
      CHECK(opened.ok());
      received.bytes += sealed_[i].bytes.size();
      received.changes.push_back(std::move(*opened));
    }
    return received;
  }

  // So that the changes it seals depend on what the other replica has written.
  void hear(base::Now now, const std::vector<crdt::SealedChange>& own) {
    agent::Received received;
    for (const crdt::SealedChange& sealed : own) {
      auto opened = crdt::open_change(sealed.bytes);
      CHECK(opened.ok());
      received.changes.push_back(std::move(*opened));
    }
    std::vector<agent::Input> inputs;
    inputs.push_back(std::move(received));
    replica_->turn(now, inputs, false);
  }

 private:
  base::Random random_;
  Disk disk_;
  std::unique_ptr<agent::Replica> replica_;
  std::vector<crdt::SealedChange> sealed_;
};

PowerCutHistory::PowerCutHistory(std::uint64_t seed, Course course, std::uint64_t steps)
    : random_(base::Random::from_number(seed)),
      images_random_(random_.fork()),
      disk_(random_.fork()),
      course_(course),
      options_(options_for(course, random_, disk_.vfs())),
      source_(std::make_unique<Source>(random_.fork())),
      states_(1) {
  const bool lies = course == Course::kMixed && random_.chance(kLyingOneIn);
  if (lies && steps > kLyingSteps) lies_from_ = steps - kLyingSteps + 1;
  disk_.watch([this] {
    if (images_.size() < images_max_ && images_random_.chance(kImageOneIn)) take_image();
  });
}

PowerCutHistory::~PowerCutHistory() = default;

base::Now PowerCutHistory::now() const {
  const auto step = static_cast<std::int64_t>(steps_ + 1);
  return {{step * 1'000'000}, kWallStart + step * 1'000'000, true};
}

std::vector<PowerCutImage> PowerCutHistory::step(std::size_t images_max) {
  images_.clear();
  images_max_ = images_max;
  ++steps_;
  if (steps_ >= lies_from_) disk_.set_lying(true);
  if (!replica_) {
    start(false);
  } else if (course_ == Course::kOwnWrites) {
    turn({own_write()});
  } else {
    mixed_step();
  }
  images_max_ = 0;
  return std::move(images_);
}

void PowerCutHistory::mixed_step() {
  const std::uint64_t kind = random_.below(100);
  if (kind < 3) return start(false);
  if (kind < 6) return start(true);
  if (kind < 12) return flush();
  if (steps_ % kSpendOneIn == 0) spend_positions();
  if (kind < 50) return turn(remote());
  std::vector<agent::Input> inputs;
  if (kind < 60) inputs = remote();
  const std::uint64_t writes = 1 + random_.below(3);
  for (std::uint64_t i = 0; i < writes; ++i) inputs.push_back(own_write());
  turn(std::move(inputs));
}

// As if nearly all reserved positions had been given. The next turn, which often commits without a
// flush, must then bring a higher bound to the medium before it is told.
void PowerCutHistory::spend_positions() {
  store::Meta& meta = replica_->store().meta();
  const auto left = static_cast<std::int64_t>(steps_ % 7);
  meta.next_position = std::max(meta.next_position, meta.reserved_position - left);
}

void PowerCutHistory::start(bool clean) {
  if (replica_) {
    if (clean) (void)replica_->close();
    if (!clean) disk_.kill();
    replica_.reset();
  }
  auto opened = agent::Replica::open(now(), kFile, options_, "host", random_.fork());
  if (!opened.ok()) {
    faults_.push_back("open after a " + std::string(clean ? "stop: " : "kill: ") +
                      opened.error().message);
    return;
  }
  replica_ = std::move(*opened);
  told_.node = replica_->node_id();
  told_.boot_epoch = replica_->boot_epoch();
  commit_seen();
  told_.durable = told_.running - 1;
}

void PowerCutHistory::turn(std::vector<agent::Input> inputs) {
  bool wrote = false;
  for (const agent::Input& input : inputs) wrote |= std::holds_alternative<agent::Write>(input);
  const agent::Outputs out = replica_->turn(now(), inputs, false);
  for (const agent::Reply& reply : out.replies) {
    const bool fault = !reply.result.ok() && reply.result.error().code != base::Code::kNotFound;
    if (fault) faults_.push_back("write: " + reply.result.error().message);
  }
  heard(out, wrote);
  if (random_.chance(2) && !out.facts.own.empty()) source_->hear(now(), out.facts.own);
}

void PowerCutHistory::flush() { heard(replica_->flush(now()), false); }

void PowerCutHistory::heard(const agent::Outputs& out, bool wrote) {
  commit_seen();
  const std::size_t committed = told_.running - 1;
  if (wrote) told_.acknowledged = committed;
  if (out.facts.durable) told_.durable = committed;
  if (replica_->fault()) faults_.push_back("fault: " + replica_->fault()->message);
}

void PowerCutHistory::commit_seen() {
  states_.push_back({replica_->vector(), replica_->store().meta().digest});
  told_.running = states_.size();
  told_.next_position = replica_->store().meta().next_position;
}

agent::Input PowerCutHistory::own_write() {
  return agent::Write{++tickets_, some_request(random_)};
}

std::vector<agent::Input> PowerCutHistory::remote() {
  const std::uint64_t writes = 1 + random_.below(3);
  for (std::uint64_t i = 0; i < writes; ++i) source_->write(now());
  const std::size_t skipped = random_.chance(8) ? 1 : 0;
  const std::size_t count = 1 + random_.below(6);
  std::vector<agent::Input> inputs;
  inputs.push_back(source_->after(replica_->vector(), skipped, count));
  if (random_.chance(4) && !replica_->own_actor().is_zero()) {
    const std::uint64_t seq = replica_->vector().seq_of(replica_->own_actor());
    inputs.push_back(agent::ConfirmOwn{replica_->own_actor(), seq});
  }
  return inputs;
}

void PowerCutHistory::take_image() {
  PowerCutImage image;
  const std::size_t how = images_random_.below(kPowerCuts.size());
  image.cut = steps_ >= lies_from_ ? Cut::kLying : static_cast<Cut>(how);
  image.told = told_;
  Disk::Counters lost;
  image.files = disk_.crash_image(images_random_, kPowerCuts[how], &lost);
  image.mattered = lost.lost_writes + lost.torn_writes > 0;
  images_.push_back(std::move(image));
}

}  // namespace simulation
