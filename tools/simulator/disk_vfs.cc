#include "tools/simulator/disk_vfs.h"

#include <sqlite3.h>

#include <atomic>
#include <cstring>

#include "crdt/base/check.h"

namespace simulation {

struct DiskVfs::Impl {
  Medium& medium;
  base::Random random;
  std::string name;
  sqlite3_vfs vfs{};
  int handles = 0;
};

namespace {

constexpr int kNameBytesMax = 512;
// The same answers as the unix VFS, so that SQLite writes here what it writes on real hosts.
constexpr int kSectorAnswer = 4096;
constexpr int kDeviceTraits = SQLITE_IOCAP_POWERSAFE_OVERWRITE;
constexpr double kJulianDay = 2'460'000.5;  // constant: the machines get their time as an argument

// What SQLite sees as a file. SQLite owns the bytes; open() and close() create and destroy the
// object in them.
struct Handle {
  sqlite3_file base{};
  DiskVfs::Impl* owner = nullptr;
  Medium::File file;
  std::string name;
  std::shared_ptr<SharedMemory> memory;
  std::uint64_t generation = 0;
  bool delete_on_close = false;

  bool lives() const { return generation == owner->medium.generation() && owner->medium.powered(); }
};

Handle& handle_of(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }
DiskVfs::Impl& owner_of(sqlite3_vfs* vfs) { return *static_cast<DiskVfs::Impl*>(vfs->pAppData); }

int answer(Medium::Outcome outcome, int failure) {
  if (outcome == Medium::Outcome::kDone) return SQLITE_OK;
  return outcome == Medium::Outcome::kFull ? SQLITE_FULL : failure;
}

void forget_memory(Handle& handle) {
  if (!handle.memory) return;
  const bool last = handle.memory->leave(&handle);
  if (last && handle.file->memory == handle.memory) handle.file->memory = nullptr;
  handle.memory = nullptr;
}

int close(sqlite3_file* file) {
  Handle& handle = handle_of(file);
  if (handle.lives()) {
    handle.file->locks.unlock(&handle, SQLITE_LOCK_NONE);
    if (handle.delete_on_close && !handle.name.empty()) {
      handle.owner->medium.remove(handle.name, false);
    }
  }
  forget_memory(handle);
  --handle.owner->handles;
  handle.~Handle();
  return SQLITE_OK;
}

int read(sqlite3_file* file, void* out, int bytes, sqlite3_int64 offset) {
  Handle& handle = handle_of(file);
  if (!handle.lives()) return SQLITE_IOERR_READ;
  const auto wanted = static_cast<std::size_t>(bytes);
  base::BytesView found;
  const auto outcome =
      handle.owner->medium.read(*handle.file, static_cast<std::uint64_t>(offset), found, wanted);
  if (outcome != Medium::Outcome::kDone) return SQLITE_IOERR_READ;
  if (!found.empty()) std::memcpy(out, found.data(), found.size());
  if (found.size() == wanted) return SQLITE_OK;
  std::memset(static_cast<char*>(out) + found.size(), 0, wanted - found.size());
  return SQLITE_IOERR_SHORT_READ;
}

int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  Handle& handle = handle_of(file);
  if (!handle.lives()) return SQLITE_IOERR_WRITE;
  const base::BytesView data(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
  return answer(handle.owner->medium.write(*handle.file, static_cast<std::uint64_t>(offset), data),
                SQLITE_IOERR_WRITE);
}

int truncate(sqlite3_file* file, sqlite3_int64 size) {
  Handle& handle = handle_of(file);
  if (!handle.lives()) return SQLITE_IOERR_TRUNCATE;
  return answer(handle.owner->medium.truncate(*handle.file, static_cast<std::uint64_t>(size)),
                SQLITE_IOERR_TRUNCATE);
}

int sync(sqlite3_file* file, int) {
  Handle& handle = handle_of(file);
  if (!handle.lives()) return SQLITE_IOERR_FSYNC;
  return answer(handle.owner->medium.sync(handle.file), SQLITE_IOERR_FSYNC);
}

int file_size(sqlite3_file* file, sqlite3_int64* size) {
  Handle& handle = handle_of(file);
  if (!handle.lives()) return SQLITE_IOERR_FSTAT;
  *size = static_cast<sqlite3_int64>(handle.file->written().size());
  return SQLITE_OK;
}

int lock(sqlite3_file* file, int level) {
  Handle& handle = handle_of(file);
  if (!handle.lives()) return SQLITE_IOERR_LOCK;
  return handle.file->locks.lock(&handle, level) ? SQLITE_OK : SQLITE_BUSY;
}

int unlock(sqlite3_file* file, int level) {
  Handle& handle = handle_of(file);
  if (handle.lives()) handle.file->locks.unlock(&handle, level);
  return SQLITE_OK;
}

int check_reserved(sqlite3_file* file, int* out) {
  Handle& handle = handle_of(file);
  if (!handle.lives()) return SQLITE_IOERR_CHECKRESERVEDLOCK;
  *out = handle.file->locks.reserved() ? 1 : 0;
  return SQLITE_OK;
}

int control(sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; }
int sector_size(sqlite3_file*) { return kSectorAnswer; }
int device_traits(sqlite3_file*) { return kDeviceTraits; }

int map_memory(sqlite3_file* file, int region, int bytes, int extend, void volatile** out) {
  Handle& handle = handle_of(file);
  *out = nullptr;
  if (!handle.lives()) return SQLITE_IOERR_SHMMAP;
  if (!handle.memory) {
    if (!handle.file->memory) handle.file->memory = std::make_shared<SharedMemory>();
    handle.memory = handle.file->memory;
    handle.memory->join(&handle);
  }
  *out = handle.memory->region(static_cast<std::size_t>(region), static_cast<std::size_t>(bytes),
                               extend != 0);
  return SQLITE_OK;
}

int lock_memory(sqlite3_file* file, int first, int count, int flags) {
  Handle& handle = handle_of(file);
  if (!handle.memory) return SQLITE_IOERR_SHMLOCK;
  if (flags & SQLITE_SHM_UNLOCK) {
    handle.memory->unlock(&handle, first, count);
    return SQLITE_OK;
  }
  if (!handle.lives()) return SQLITE_IOERR_SHMLOCK;
  const bool locked = flags & SQLITE_SHM_SHARED
                          ? handle.memory->lock_shared(&handle, first, count)
                          : handle.memory->lock_exclusive(&handle, first, count);
  return locked ? SQLITE_OK : SQLITE_BUSY;
}

void memory_barrier(sqlite3_file*) {}  // one thread

int unmap_memory(sqlite3_file* file, int) {
  forget_memory(handle_of(file));
  return SQLITE_OK;
}

const sqlite3_io_methods kMethods = {
    2,           close,          read,           write,   truncate,    sync,          file_size,
    lock,        unlock,         check_reserved, control, sector_size, device_traits, map_memory,
    lock_memory, memory_barrier, unmap_memory,   nullptr, nullptr};

int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  DiskVfs::Impl& owner = owner_of(vfs);
  file->pMethods = nullptr;  // SQLite closes a file only if it has methods
  if (!owner.medium.powered()) return SQLITE_CANTOPEN;
  Medium::File found;
  if (name == nullptr) {
    found = std::make_shared<MediumFile>();  // a temporary file has no name and is on no medium
  } else {
    found = owner.medium.find(name);
    if (!found && (flags & SQLITE_OPEN_CREATE)) found = owner.medium.create(name);
  }
  if (!found) return SQLITE_CANTOPEN;
  if (owner.medium.read_only() && (flags & SQLITE_OPEN_READWRITE)) {
    flags = (flags & ~(SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)) | SQLITE_OPEN_READONLY;
  }
  auto* handle = new (file) Handle();
  handle->base.pMethods = &kMethods;
  handle->owner = &owner;
  handle->file = std::move(found);
  handle->name = name == nullptr ? "" : name;
  handle->generation = owner.medium.generation();
  handle->delete_on_close = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  ++owner.handles;
  if (out_flags) *out_flags = flags;
  return SQLITE_OK;
}

int remove(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  Medium& medium = owner_of(vfs).medium;
  if (medium.powered() && !medium.find(name)) return SQLITE_IOERR_DELETE_NOENT;
  return answer(medium.remove(name, sync_folder != 0), SQLITE_IOERR_DELETE);
}

// As in the unix VFS: a file of 0 bytes counts as not existing.
int access(sqlite3_vfs* vfs, const char* name, int asked, int* out) {
  Medium& medium = owner_of(vfs).medium;
  if (!medium.powered()) return SQLITE_IOERR_ACCESS;
  const Medium::File file = medium.find(name);
  bool yes = file && (asked != SQLITE_ACCESS_EXISTS || !file->written().empty());
  if (asked == SQLITE_ACCESS_READWRITE && medium.read_only()) yes = false;
  *out = yes ? 1 : 0;
  return SQLITE_OK;
}

int full_path(sqlite3_vfs*, const char* name, int room, char* out) {
  const std::size_t size = std::strlen(name);
  if (size + 1 > static_cast<std::size_t>(room)) return SQLITE_CANTOPEN;
  std::memcpy(out, name, size + 1);
  return SQLITE_OK;
}

int randomness(sqlite3_vfs* vfs, int bytes, char* out) {
  const base::Bytes drawn = owner_of(vfs).random.bytes(static_cast<std::size_t>(bytes));
  std::memcpy(out, drawn.data(), drawn.size());
  return bytes;
}

int sleep(sqlite3_vfs* vfs, int micros) {
  owner_of(vfs).medium.spend(base::micros(micros));
  return micros;
}

int current_time(sqlite3_vfs*, double* out) {
  *out = kJulianDay;
  return SQLITE_OK;
}

int last_error(sqlite3_vfs*, int, char*) { return 0; }

std::string next_name() {
  static std::atomic<std::uint64_t> count{0};
  return "hearsay-disk-" + std::to_string(++count);
}

// SQLite draws the salts of its write-ahead logs from one generator for the whole process.
void seed_sqlite(base::Random& random) {
  const auto seed = static_cast<int>(random.below(0x7fff'fffe) + 1);  // 0: a seed of the kernel
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, seed, nullptr);
}

}  // namespace

DiskVfs::DiskVfs(Medium& medium, base::Random random)
    : impl_(new Impl{medium, std::move(random), next_name(), {}, 0}) {
  CHECK(sqlite3_initialize() == SQLITE_OK);
  seed_sqlite(impl_->random);
  sqlite3_vfs& vfs = impl_->vfs;
  vfs.iVersion = 1;
  vfs.szOsFile = sizeof(Handle);
  vfs.mxPathname = kNameBytesMax;
  vfs.zName = impl_->name.c_str();
  vfs.pAppData = impl_.get();
  vfs.xOpen = open;
  vfs.xDelete = remove;
  vfs.xAccess = access;
  vfs.xFullPathname = full_path;
  vfs.xRandomness = randomness;
  vfs.xSleep = sleep;
  vfs.xCurrentTime = current_time;
  vfs.xGetLastError = last_error;
  CHECK(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
}

DiskVfs::~DiskVfs() {
  CHECK(impl_->handles == 0);
  sqlite3_vfs_unregister(&impl_->vfs);
}

const std::string& DiskVfs::name() const { return impl_->name; }

}  // namespace simulation
