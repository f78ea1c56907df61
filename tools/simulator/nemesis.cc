#include "tools/simulator/nemesis.h"

#include <algorithm>

namespace simulation {
namespace {

constexpr std::size_t kClonesMax = 2;
constexpr int kTriesToHurt = 100;
constexpr std::uint64_t kLogWithoutJoins = 1'000'000;

}  // namespace

base::Duration Nemesis::between(base::Duration least, base::Duration most) {
  auto span = static_cast<std::uint64_t>((most - least).nanos) + 1;
  return least + base::nanos(static_cast<std::int64_t>(random_.below(span)));
}

std::size_t Nemesis::any_host() { return static_cast<std::size_t>(random_.below(cluster_.size())); }

// Faults end with the chaos: a fault that would strike later is left out.
void Nemesis::later(base::Duration wait, std::function<void()> what) {
  cluster_.schedule().after(wait, [this, what = std::move(what)] {
    if (!ended_) what();
  });
}

void Nemesis::plan() {
  std::vector<Fault> events;
  for (Fault fault : settings_.enabled) {
    bool at_the_end = fault == Fault::kLostCell;
    bool weather = fault == Fault::kLoss || fault == Fault::kDuplication ||
                   fault == Fault::kReordering || fault == Fault::kCorruption;
    if (!weather && !at_the_end) events.push_back(fault);
    if (weather) report_.fired(fault);
  }
  for (std::size_t i = 0; i < settings_.faults && !events.empty(); ++i) {
    Fault fault = random_.pick(events);
    later(between({}, settings_.chaos), [this, fault] { strike(fault); });
  }
  for (std::size_t i = 0; i < settings_.requests; ++i) {
    later(between({}, settings_.chaos), [this] { cluster_.request(any_host()); });
  }
  // Backups are taken from time to time; a restore brings one of them back.
  if (settings_.enabled.contains(Fault::kRestore)) {
    for (std::size_t host = 0; host < cluster_.size(); ++host) {
      later(between({}, settings_.chaos / 2),
            [this, host] { backups_[host] = cluster_.back_up(host); });
    }
  }
}

void Nemesis::strike(Fault fault) {
  std::size_t host = any_host();
  switch (fault) {
    case Fault::kOneWayCut:
    case Fault::kPartition:
    case Fault::kSessionBreak:
    case Fault::kUdpBlocked:
    case Fault::kTcpBlocked:
      report_.fired(fault);
      return strike_network(fault);
    case Fault::kClockStep:
    case Fault::kClockWild:
      report_.fired(fault);
      return strike_clock(fault, host);
    default:
      break;
  }
  if (cluster_.host(host).dead || !cluster_.process(host)) return;
  switch (fault) {
    case Fault::kPowerInTurn:
    case Fault::kSlowDisk:
    case Fault::kFullDisk:
    case Fault::kDiskError:
    case Fault::kRot:
      return strike_disk(fault, host);
    case Fault::kClone:
      return clone(host);
    case Fault::kRestore:
      return restore(host);
    default:
      return strike_process(fault, host);
  }
}

void Nemesis::restart_later(std::size_t host) {
  later(between(base::millis(100), base::seconds(8)), [this, host] { cluster_.start(host); });
}

void Nemesis::strike_process(Fault fault, std::size_t host) {
  switch (fault) {
    case Fault::kKill:
      cluster_.kill(host);
      break;
    case Fault::kPowerCut:
      return cut_power(host, kTriesToHurt);
    case Fault::kCleanStop:
      cluster_.stop_cleanly(host);
      break;
    case Fault::kPause: {
      cluster_.note(host, "paused");
      cluster_.process(host)->pause(between(base::millis(200), base::seconds(12)));
      report_.fired(fault);
      return;
    }
    case Fault::kLeave:
      cluster_.note(host, "leaves");
      cluster_.process(host)->leave();
      later(between(base::seconds(1), base::seconds(8)), [this, host] {
        if (cluster_.process(host)) cluster_.process(host)->rejoin();
      });
      report_.fired(fault);
      report_.mattered(fault);
      return;
    case Fault::kDeath:
      if (deaths_ > 0 || cluster_.size() < 4 || host == 0) return;
      ++deaths_;
      cluster_.die(host);
      report_.fired(fault);
      return;
    default:
      return;
  }
  report_.fired(fault);
  restart_later(host);
}

// Strikes when something is being written to the medium, if that happens soon.
void Nemesis::cut_power(std::size_t host, int tries) {
  Process* process = cluster_.process(host);
  if (process == nullptr) return;
  if (tries > 0 && !process->replica().unsynced()) {
    return later(between({}, base::millis(20)),
                 [this, host, tries] { cut_power(host, tries - 1); });
  }
  report_.fired(Fault::kPowerCut);
  auto how = static_cast<PowerCut>(random_.below(4));
  cluster_.power_cut(host, how);
  restart_later(host);
}

void Nemesis::strike_disk(Fault fault, std::size_t host) {
  Disk& disk = cluster_.host(host).disk;
  base::Duration time = between(base::seconds(1), base::seconds(10));
  report_.fired(fault);
  switch (fault) {
    case Fault::kPowerInTurn: {
      disk.lose_power_at(1 + random_.below(12));
      cluster_.note(host, "the power will go off soon");
      return;
    }
    case Fault::kSlowDisk:
      disk.set_delays(base::millis(1), base::millis(500));
      break;
    case Fault::kFullDisk:
      disk.set_capacity(disk.bytes() + 1);
      cluster_.host(host).failing = true;
      break;
    case Fault::kDiskError: {
      cluster_.host(host).failing = true;
      auto call = static_cast<Disk::Call>(random_.below(3));
      std::uint64_t nth = 1 + random_.below(6);
      bool for_ever = random_.below(2) == 0;
      disk.fail(call, nth, for_ever);
      break;
    }
    default:
      return rot(host);
  }
  cluster_.note(host, std::string(fault_name(fault)));
  later(time, [this, host] { mend_disk(host); });
}

void Nemesis::mend_disk(std::size_t host) {
  Disk& disk = cluster_.host(host).disk;
  disk.set_delays({}, {});
  disk.set_capacity(0);
  for (Disk::Call call : {Disk::Call::kRead, Disk::Call::kWrite, Disk::Call::kSync}) {
    disk.fail(call, 0);
  }
  disk.lose_power_at(0);
  cluster_.host(host).failing = false;
}

// Flips a bit of the database file. The first host is never hit. The process is killed first,
// because its cache would hide the bit.
void Nemesis::rot(std::size_t host) {
  Disk& disk = cluster_.host(host).disk;
  std::uint64_t size = disk.read(kDatabase).size();
  if (host == 0 || size == 0) return;
  std::uint64_t offset = random_.below(size);
  auto bit = static_cast<unsigned>(random_.below(8));
  cluster_.kill(host);
  restart_later(host);
  disk.flip_bit(kDatabase, offset, bit);
  cluster_.host(host).rotten = true;
  cluster_.tampered(host);
  cluster_.note(host, "a bit flips");
}

// Rule 8. Only when no client writes any more: a write on top of a wrong state would be wrong too.
void Nemesis::lose_cell() {
  std::size_t host = any_host();
  if (host == 0 || cluster_.host(host).dead || !cluster_.process(host)) return;
  cluster_.kill(host);
  if (!cluster_.lose_cell(host)) return;
  report_.fired(Fault::kLostCell);
}

void Nemesis::clone(std::size_t host) {
  if (clones_ == kClonesMax) return;
  ++clones_;
  report_.fired(Fault::kClone);
  // Copies the files of a host that was shut down, or of one that runs.
  if (random_.below(2) == 0) {
    cluster_.stop_cleanly(host);
    restart_later(host);
  }
  cluster_.clone(host);
}

void Nemesis::restore(std::size_t host) {
  auto backup = backups_.find(host);
  if (backup == backups_.end() || host == 0) return;
  report_.fired(Fault::kRestore);
  cluster_.kill(host);
  cluster_.restore(host, backup->second);
  restart_later(host);
}

// --- Network and clocks --------------------------------------------------------------------------

void Nemesis::strike_network(Fault fault) {
  Network& network = cluster_.network();
  base::Duration time = between(base::millis(500), base::seconds(10));
  switch (fault) {
    case Fault::kOneWayCut: {
      gossip::Address from = cluster_.host(any_host()).address;
      gossip::Address to = cluster_.host(any_host()).address;
      network.cut(from, to);
      later(time, [&network, from, to] { network.mend(from, to); });
      break;
    }
    case Fault::kPartition:
      return partition();
    case Fault::kSessionBreak:
      network.break_sessions(cluster_.host(any_host()).address);
      break;
    case Fault::kUdpBlocked:
      network.udp_blocked = true;
      later(time, [&network] { network.udp_blocked = false; });
      break;
    default:
      network.tcp_blocked = true;
      later(time, [&network] { network.tcp_blocked = false; });
      break;
  }
  cluster_.note(kEverybody, std::string(fault_name(fault)));
}

// Each host is put on one of two sides by chance.
void Nemesis::partition() {
  std::vector<gossip::Address> left;
  std::vector<gossip::Address> right;
  std::string sides;
  for (std::size_t i = 0; i < cluster_.size(); ++i) {
    bool on_left = random_.below(2) == 0;
    (on_left ? left : right).push_back(cluster_.host(i).address);
    if (on_left) sides += cluster_.host(i).name;
  }
  Network& network = cluster_.network();
  for (const auto& a : left) {
    for (const auto& z : right) {
      network.cut(a, z);
      network.cut(z, a);
    }
  }
  cluster_.note(kEverybody, "partition: " + sides + " from the others");
  later(between(base::seconds(1), base::seconds(15)), [&network, left, right] {
    for (const auto& a : left) {
      for (const auto& z : right) {
        network.mend(a, z);
        network.mend(z, a);
      }
    }
  });
}

void Nemesis::strike_clock(Fault fault, std::size_t host) {
  WallClock& clock = cluster_.host(host).clock;
  constexpr std::int64_t kHour = 3'600;
  constexpr std::int64_t kYear = 365 * 24 * kHour;
  if (fault == Fault::kClockWild) {
    bool future = random_.below(2) == 0;
    clock.error = base::seconds(future ? kYear : -kSince1970);
  } else {
    base::Duration step = between({}, base::seconds(2 * kHour));
    clock.error = clock.error + step - base::seconds(kHour);
  }
  clock.synchronised = random_.below(2) == 0;
  cluster_.note(host, "clock steps to " + std::to_string(clock.error.millis()) + " ms off");
  later(between(base::seconds(1), base::seconds(15)),
        [this, host] { cluster_.host(host).clock = cluster_.host(host).usual_clock; });
}

// --- The end -------------------------------------------------------------------------------------

void Nemesis::end() {
  ended_ = true;
  cluster_.note(kEverybody, "all faults end");
  cluster_.network().heal();
  cluster_.network().weather = {};
  for (std::size_t i = 0; i < cluster_.size(); ++i) {
    mend_disk(i);
    cluster_.host(i).clock = cluster_.host(i).usual_clock;
  }
  // Used where joins are rare: a join would spread the wrong state before anybody has compared it.
  bool joins = settings_.replica.store.log_bytes_max < kLogWithoutJoins;
  if (settings_.enabled.contains(Fault::kLostCell) && !joins) lose_cell();
  for (std::size_t i = 0; i < cluster_.size(); ++i) {
    if (cluster_.process(i)) {
      cluster_.process(i)->wake();
      cluster_.process(i)->rejoin();
    } else {
      cluster_.start(i);
    }
  }
}

}  // namespace simulation
