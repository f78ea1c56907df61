#pragma once

// Numeric addresses whose interface has its name: "[fe80::1%eth0]:7700". The protocol knows the
// number of an interface, which may be another one after a reboot; people and files use its name.

#include <optional>
#include <string>
#include <string_view>

#include "gossip/address.h"

namespace agent {

// As Address::parse, with the name or the number of an interface of this host behind '%'.
std::optional<gossip::Address> parse_scoped(std::string_view text);
// With the name of the interface, or its number when it is gone.
std::string scoped_text(const gossip::Address& address);

}  // namespace agent
