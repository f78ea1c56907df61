#pragma once

// A libuv handle of any kind as the base that uv_close and its relatives take.

#include <uv.h>

namespace http {

template <typename Handle>
uv_handle_t* as_handle(Handle* handle) {
  return reinterpret_cast<uv_handle_t*>(handle);
}

}  // namespace http
