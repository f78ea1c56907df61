#pragma once

// Converts a libuv handle of any kind to the base type that uv_close and similar functions take.

#include <uv.h>

namespace http {

template <typename Handle>
uv_handle_t* as_handle(Handle* handle) {
  return reinterpret_cast<uv_handle_t*>(handle);
}

}  // namespace http
