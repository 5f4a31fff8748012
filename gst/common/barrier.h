// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gst/gst.h>

#include <exception>
#include <string>
#include <utility>

namespace rec {

// The one place where a C++ exception may end. Every vfunc, pad function, signal handler and thread
// entry runs its body through this; nothing unwinds into C. Never call it while holding a lock: it
// posts on the bus.
template <typename R, typename F>
R barrier(gpointer element, R on_exception, F &&body) noexcept {
  const char *what = "unknown exception";
  std::string text;
  try {
    return std::forward<F>(body)();
  } catch (const std::exception &e) {
    text = e.what();
    what = text.c_str();
  } catch (...) {
  }
  GST_ELEMENT_ERROR(GST_ELEMENT(element), LIBRARY, FAILED, ("Internal error."), ("exception: %s", what));
  return on_exception;
}

// The same for bodies that return nothing.
template <typename F>
void barrier(gpointer element, F &&body) noexcept {
  barrier(element, 0, [&] {
    std::forward<F>(body)();
    return 0;
  });
}

}  // namespace rec
