#include "agent/api/scoped_address.h"

#include <net/if.h>

namespace agent {

std::optional<gossip::Address> parse_scoped(std::string_view text) {
  if (auto plain = gossip::Address::parse(text)) return plain;
  auto percent = text.find('%');
  auto end = text.find(']', percent == std::string_view::npos ? text.size() : percent);
  if (end == std::string_view::npos) return std::nullopt;
  std::string interface(text.substr(percent + 1, end - percent - 1));
  unsigned number = if_nametoindex(interface.c_str());
  if (number == 0) return std::nullopt;
  std::string numeric(text.substr(0, percent + 1));
  return gossip::Address::parse(numeric + std::to_string(number) + std::string(text.substr(end)));
}

std::string scoped_text(const gossip::Address& address) {
  char name[IF_NAMESIZE] = {};
  if (address.scope == 0 || if_indextoname(address.scope, name) == nullptr) return address.text();
  std::string plain = address.without_scope().text();
  plain.insert(plain.find(']'), std::string("%") + name);
  return plain;
}

}  // namespace agent
