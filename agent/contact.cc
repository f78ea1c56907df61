#include "agent/contact.h"

#include <algorithm>

namespace agent {
namespace {

constexpr std::size_t kPlacesShown = 3;

struct Words {
  std::string_view name;
  std::string_view text;
};

Words words_of(Contact contact) {
  switch (contact) {
    case Contact::kNotAsked:
      return {"not_asked", "not asked yet"};
    case Contact::kLookingUp:
      return {"looking_up", "the nameserver has not answered yet"};
    case Contact::kNoSuchName:
      return {"no_such_name", "no such name, or it has no address: check the spelling and the DNS"};
    case Contact::kOurselves:
      return {"own_address", "this is the address of this agent itself"};
    case Contact::kNoInterface:
      return {"no_interface",
              "a link-local address needs its interface, such as [fe80::1%eth0]:7700"};
    case Contact::kNoAnswer:
      return {"no_answer",
              "no answer: is the host up, and do UDP and TCP to this port get through?"};
    case Contact::kNoRoute:
      return {"no_route", "this host has no route there: check its network"};
    case Contact::kNobody:
      return {"nobody_listens",
              "nobody listens there: is the agent running, and is the port right?"};
    case Contact::kOtherProgram:
      return {"other_program", "another program answers there"};
    case Contact::kRefused:
      return {"key_refused",
              "key refused: what listens there has another mesh key, or is another program; start "
              "both agents with the same --key-file"};
    case Contact::kAdvertised:
      return {"advertised",
              "this agent advertises this address as its own, so it asks nobody there; set "
              "--advertise to where others reach this agent"};
    case Contact::kHasLeft:
      return {"has_left", "the agent there has left the mesh"};
    case Contact::kSilentUdp:
      break;
  }
  return {"no_udp",
          "an agent with our key answers there over TCP, but no datagram comes: does a firewall "
          "drop UDP?"};
}

}  // namespace

std::string_view contact_name(Contact contact) { return words_of(contact).name; }
std::string_view contact_words(Contact contact) { return words_of(contact).text; }

std::string places_text(const std::vector<AskedPlace>& places) {
  std::string out;
  for (std::size_t i = 0; i < std::min(places.size(), kPlacesShown); ++i) {
    if (i > 0) out += "; ";
    out += places[i].text + ": " + std::string(contact_words(places[i].contact));
  }
  if (places.size() > kPlacesShown) {
    out += "; and " + std::to_string(places.size() - kPlacesShown) + " more";
  }
  return out;
}

}  // namespace agent
