#pragma once

// Numeric addresses with the name of an interface: "[fe80::1%eth0]:7700". The protocol uses the
// number of an interface, which may change with a reboot; people and files use its name.

#include <optional>
#include <string>
#include <string_view>

#include "gossip/address.h"

namespace agent {

// Like Address::parse, with the name or the number of an interface of this host after '%'.
std::optional<gossip::Address> parse_scoped(std::string_view text);
// The address with the name of its interface, or with its number when the interface is gone.
std::string scoped_text(const gossip::Address& address);

}  // namespace agent
