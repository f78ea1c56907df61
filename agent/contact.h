#pragma once

// What this agent found out about an address where another agent should be, and the texts that
// describe it. An agent does not answer an outsider (rule 12), so the cause is derived from what
// this side can see.

#include <string>
#include <string_view>
#include <vector>

namespace agent {

// The order is by how much a value explains. If a name has several addresses, the highest value
// counts.
enum class Contact {
  kNotAsked,
  kLookingUp,     // the nameserver has not answered
  kNoSuchName,    // the nameserver says that the name has no address
  kOurselves,     // this agent answers there
  kNoInterface,   // a link-local address without its interface
  kNoAnswer,      // neither an answer nor a refused connection
  kNoRoute,       // this host has no route there, or no network
  kNobody,        // the host answers, but no program listens at the port
  kOtherProgram,  // a program answers that is no agent
  kRefused,       // a program accepts the connection and closes it at our first message
  kAdvertised,    // we advertise this address as our own, but are not there
  kHasLeft,       // the agent there has left the mesh
  kSilentUdp,     // an agent of this mesh answers over TCP, but no datagram comes
};

std::string_view contact_name(Contact contact);   // for programs: "no_answer"
std::string_view contact_words(Contact contact);  // for people: "no answer: is the host…"

struct AskedPlace {
  std::string text;  // HOST:PORT as given, or name and address of a member
  Contact contact = Contact::kNotAsked;
};
// "a:7700: no answer; b:7700: no such name", for at most three places, then how many more there
// are.
std::string places_text(const std::vector<AskedPlace>& places);

}  // namespace agent
