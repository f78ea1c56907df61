#include "agent/host_fingerprint.h"

#include <algorithm>
#include <filesystem>
#include <vector>

#include "agent/files.h"
#include "crdt/base/hash.h"

namespace agent {
namespace {

// The address of the first hardware interface by name. Loopback and virtual interfaces have no
// device.
std::string first_hardware_address() {
  std::error_code error;
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator("/sys/class/net", error)) {
    if (std::filesystem::exists(entry.path() / "device", error)) names.push_back(entry.path());
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    auto address = read_small_file(name + "/address");
    if (address.ok() && *address) return **address;
  }
  return "";
}

}  // namespace

base::Bytes host_fingerprint(const std::string& data_path) {
  std::string facts = data_path + "\n";
  for (const char* file :
       {"/etc/machine-id", "/proc/device-tree/serial-number", "/sys/class/dmi/id/board_serial"}) {
    auto content = read_small_file(file);
    facts += (content.ok() && *content ? **content : std::string("-")) + "\n";
  }
  facts += first_hardware_address();
  auto hash = base::hash128(facts);
  return base::Bytes(reinterpret_cast<const char*>(hash.data()), hash.size());
}

}  // namespace agent
