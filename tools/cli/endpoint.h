#pragma once

// Where the agent of a client command is, what it must show to the client, and what the client
// shows to it. An API key comes from a variable or a file: every user of the host sees the words of
// a command line.

#include <string>

#include "agent/settings.h"
#include "crdt/base/result.h"

namespace cli {

// Files; empty: the flag was not given.
struct EndpointFlags {
  std::string ca;
  std::string certificate;
  std::string key;
  std::string api_key;
};

struct Endpoint {
  std::string url;           // of base_url() in url.h
  std::string ca;            // a file; empty: the authorities that this host trusts
  std::string certificate;   // a file, together with `key`; empty: the client shows none
  std::string key;           // a file
  std::string api_key;       // the text; empty: the client shows none
  std::string api_key_from;  // for messages: "HEARSAY_API_KEY" or a path

  bool is_https() const;
};

// The address is that of the flag --http, or of the agent whose data directory the flag --data-dir
// names, or that of HEARSAY_HTTP, a file or the default. In the last two cases the Unix socket of
// the agent is used if the agent of the data directory of the settings serves that address: it
// needs neither certificate nor key.
// A flag beats its variable: HEARSAY_CACERT, HEARSAY_CLIENT_CERT, HEARSAY_CLIENT_KEY,
// HEARSAY_API_KEY_FILE; HEARSAY_API_KEY is the text of a key and beats the file of a variable.
//
// Errors: kInvalid for what was given (usage), kForbidden for a file that this user may not read or
// for a key that others can read, kUnavailable when no agent runs with that data directory.
base::Result<Endpoint> find_endpoint(const agent::Flags& flags, const EndpointFlags& given);

// The same error. If the agent refused the caller, it also says where the API key came from, or how
// to give one.
base::Error about_key(base::Error error, const Endpoint& endpoint);

}  // namespace cli
