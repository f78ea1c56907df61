#include "tools/simulator/host.h"

namespace simulation {

Host::Host(std::size_t number, base::Random random)
    : index(number), name(1, static_cast<char>('A' + number % 26)), disk(random.fork()) {
  if (number >= 26) name += std::to_string(number / 26);
  fingerprint = random.bytes(16);
  address.ip[10] = 0xff;
  address.ip[11] = 0xff;
  address.ip[12] = 10;
  address.ip[15] = static_cast<unsigned char>(number + 1);
  address.port = 7700;
}

base::Status DiskFiles::move(const std::string& from, const std::string& to) {
  disk_.remove(to);
  if (disk_.rename(from, to)) return {};
  return base::Error{base::Code::kNotFound, "move " + from + ": there is no such file"};
}

base::Status DiskFiles::remove(const std::string& path) {
  disk_.remove(path);
  return {};
}

}  // namespace simulation
