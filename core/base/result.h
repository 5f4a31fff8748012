// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>
#include <utility>
#include <variant>

namespace rec {

enum class Errc {
  invalid_argument,  // the caller's or the configuration's fault; retrying cannot help
  not_found,
  denied,
  exists,       // something is there already and must not be overwritten
  unavailable,  // timeout, 5xx, no space, busy: worth retrying
  corrupt,      // stored bytes do not parse
  cancelled,    // we were asked to stop
};

struct Error {
  Errc code;
  std::string message;  // one line, no trailing full stop, no secrets
  bool retryable() const { return code == Errc::unavailable; }
};

// A value or the Error that prevented it. Spelt like std::expected so that it can become an alias.
template <typename T>
class [[nodiscard]] Result {
 public:
  // NOLINTBEGIN(google-explicit-constructor): `return value;` and `return Error{...};` are the point
  Result(T value) : v_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : v_(std::in_place_index<1>, std::move(error)) {}
  // NOLINTEND(google-explicit-constructor)

  explicit operator bool() const { return v_.index() == 0; }
  T &operator*() & { return std::get<0>(v_); }
  const T &operator*() const & { return std::get<0>(v_); }
  // By value, so that `for (auto &x : *f())` looks through something that lives.
  T operator*() && { return std::get<0>(std::move(v_)); }
  T *operator->() { return &std::get<0>(v_); }
  const T *operator->() const { return &std::get<0>(v_); }
  const Error &error() const & { return std::get<1>(v_); }
  Error &&error() && { return std::get<1>(std::move(v_)); }

 private:
  std::variant<T, Error> v_;
};

using Status = Result<std::monostate>;
inline Status ok() { return std::monostate{}; }

}  // namespace rec

// REC_TRY binds the value of a Result, REC_CHECK wants none; both return its Error from the enclosing
// function.
#define REC_CONCAT_(a, b) a##b
#define REC_CONCAT(a, b) REC_CONCAT_(a, b)
#define REC_TRY(lhs, expr) REC_TRY_(REC_CONCAT(rec_try_, __LINE__), lhs, expr)
#define REC_CHECK(expr) \
  if (auto rec_check = (expr); !rec_check) return std::move(rec_check).error()
#define REC_TRY_(tmp, lhs, expr)           \
  auto tmp = (expr);                       \
  if (!tmp) return std::move(tmp).error(); \
  lhs = *std::move(tmp)
