#pragma once

// What is known of a place where another agent should be, and words for it. Outsiders get no answer
// from an agent (rule 12), so the cause is derived from what this side can see.

#include <string>
#include <string_view>
#include <vector>

namespace agent {

// In the order of what they tell: of several addresses of one name the last of these stands.
enum class Contact {
  kNotAsked,
  kLookingUp,     // the nameserver has not answered
  kNoSuchName,    // it says that the name has no address
  kOurselves,     // this agent answers there
  kNoInterface,   // a link-local address without the interface it is on
  kNoAnswer,      // neither an answer nor a refusal
  kNoRoute,       // this host has no way there, or no network
  kNobody,        // the host is there, and nobody listens at the port
  kOtherProgram,  // what answers is no agent
  kRefused,       // takes a connection and closes it when it sees our key
  kAdvertised,    // another agent is there, or nobody, and we advertise this address as our own
  kHasLeft,       // an agent that has left the mesh
  kSilentUdp,     // an agent of this mesh answers over TCP, and no datagram of it comes
};

std::string_view contact_name(Contact contact);   // for programs: "no_answer"
std::string_view contact_words(Contact contact);  // a clause, with what to do: "no answer; …"

struct Place {
  std::string text;  // HOST:PORT as it was given, or a member's name and address
  Contact contact = Contact::kNotAsked;
};
// "a:7700: no answer; b:7700: no such name", of three at most; how many more there are.
std::string places_text(const std::vector<Place>& places);

}  // namespace agent
