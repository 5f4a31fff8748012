// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gio/gio.h>

#include <memory>
#include <utility>

namespace rec {

// How to count references of T. Left undefined so that an unlisted type does not compile.
template <typename T>
struct RefTraits;

// A counted reference to a C object. The three constructors name the three GIR transfer modes,
// so that every call site says which one it relies on.
template <typename T>
class Ref {
 public:
  Ref() = default;
  static Ref adopt(T *p) { return Ref(p); }                                 // (transfer full)
  static Ref retain(T *p) { return Ref(p ? RefTraits<T>::ref(p) : p); }     // (transfer none)
  static Ref sink(T *p) { return Ref(p ? RefTraits<T>::ref_sink(p) : p); }  // (transfer floating)

  Ref(const Ref &o) : Ref(retain(o.p_)) {}
  Ref(Ref &&o) noexcept : p_(std::exchange(o.p_, nullptr)) {}
  Ref &operator=(Ref o) noexcept {
    std::swap(p_, o.p_);
    return *this;
  }
  ~Ref() {
    if (p_) RefTraits<T>::unref(p_);
  }

  T *get() const { return p_; }
  T *release() { return std::exchange(p_, nullptr); }  // hands the reference on (transfer full)
  explicit operator bool() const { return p_ != nullptr; }

 private:
  explicit Ref(T *p) : p_(p) {}
  T *p_ = nullptr;
};

#define REC_COUNTED(Type, ref_fn, unref_fn)                                              \
  template <>                                                                            \
  struct rec::RefTraits<Type> {                                                          \
    static Type *ref(Type *p) { return static_cast<Type *>(ref_fn(p)); }                 \
    static Type *ref_sink(Type *p) { return static_cast<Type *>(g_object_ref_sink(p)); } \
    static void unref(Type *p) { unref_fn(p); }                                          \
  }

// Owned C memory that is freed, not counted.
template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T *p) const {
    Free(p);
  }
};
using CString = std::unique_ptr<char, Freer<(g_free)>>;  // parentheses: g_free is a macro in newer GLib
using ErrorPtr = std::unique_ptr<GError, Freer<g_error_free>>;

// Receives a GError: `ErrorOut e; fn(..., e.out()); if (e) ... e->message`.
class ErrorOut {
 public:
  ErrorOut() = default;
  ErrorOut(const ErrorOut &) = delete;
  ErrorOut &operator=(const ErrorOut &) = delete;
  ~ErrorOut() { g_clear_error(&e_); }
  GError **out() {
    g_clear_error(&e_);
    return &e_;
  }
  explicit operator bool() const { return e_ != nullptr; }
  const GError *operator->() const { return e_; }
  const GError *get() const { return e_; }

 private:
  GError *e_ = nullptr;
};

}  // namespace rec
