#pragma once

// libcurl, loaded when the first request is made. The agent is the same program and makes none: it
// is spared the 5 MB that libcurl and its TLS, Kerberos and LDAP libraries take in memory
// (docs/decisions/0006-libcurl-on-demand.md).

#include <curl/curl.h>

#include "crdt/base/result.h"

namespace cli {

struct CurlLibrary {
  decltype(&curl_global_init) global_init = nullptr;
  decltype(&curl_easy_init) easy_init = nullptr;
  decltype(&curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&curl_easy_reset) easy_reset = nullptr;
  decltype(&curl_easy_setopt) easy_setopt = nullptr;
  decltype(&curl_easy_perform) easy_perform = nullptr;
  decltype(&curl_easy_getinfo) easy_getinfo = nullptr;
  decltype(&curl_easy_strerror) easy_strerror = nullptr;
  decltype(&curl_slist_append) slist_append = nullptr;
  decltype(&curl_slist_free_all) slist_free_all = nullptr;
};

// Loads it at the first call. Ends the program with a clear message where it is not installed: no
// command of a client can do anything without it.
const CurlLibrary& curl_library();

}  // namespace cli
