#include "agent/access/nonces.h"

#include <algorithm>

#include "crdt/base/bytes.h"

namespace auth {

std::string Nonces::give(const std::string& owner, base::Duration life, base::Instant now) {
  auto& given = given_[owner];
  // The life of a key's nonces may have changed, so any of them may have ended.
  std::erase_if(given, [&](const Given& nonce) { return nonce.end <= now; });
  if (given.size() >= kNoncesMax) given.pop_front();
  base::Bytes bytes = random_.bytes(16);
  Given nonce{{}, now + life};
  std::copy(bytes.begin(), bytes.end(), nonce.bytes.begin());
  given.push_back(nonce);
  return base::to_hex(bytes);
}

// A plain comparison is enough: only the holder of the key reaches this line, and it may know its
// own nonces.
bool Nonces::take(const std::string& owner, std::string_view nonce, base::Instant now) {
  auto bytes = base::from_hex(nonce);
  auto of_owner = given_.find(owner);
  if (!bytes || of_owner == given_.end()) return false;
  auto& given = of_owner->second;
  auto found = std::find_if(given.begin(), given.end(), [&](const Given& one) {
    return std::string_view(one.bytes.data(), one.bytes.size()) == *bytes;
  });
  if (found == given.end()) return false;
  bool alive = now < found->end;
  given.erase(found);
  if (given.empty()) given_.erase(of_owner);
  return alive;
}

void Nonces::forget(const std::string& owner) { given_.erase(owner); }

std::size_t Nonces::count() const {
  std::size_t count = 0;
  for (const auto& [owner, given] : given_) count += given.size();
  return count;
}

}  // namespace auth
