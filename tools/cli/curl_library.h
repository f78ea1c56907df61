#pragma once

// libcurl, loaded at the first request. The agent is the same program but makes no requests, so it
// saves the 5 MB that libcurl and its TLS, Kerberos and LDAP libraries need
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

// Loads libcurl at the first call. If it is not installed, prints a message and ends the program,
// because no client command can work without it.
const CurlLibrary& curl_library();

}  // namespace cli
