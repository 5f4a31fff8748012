// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace rec {

using SqlValue = std::variant<std::int64_t, std::string>;

class IdleStatements;

// A prepared statement. Not thread-safe: stays with its database's thread, and must not outlive it.
class SqlStatement {
 public:
  // ?1, ?2, ... in order. Text is copied. An empty optional is NULL.
  template <typename... Args>
  Status bind_all(const Args &...args) {
    int i = 0;
    Status s = ok();
    ((s = s ? bind(++i, args) : std::move(s)), ...);
    return s;
  }
  // The same for a query that is put together as it is needed.
  Status bind_values(const std::vector<SqlValue> &values);
  Result<bool> step();  // true: a row is ready; false: done
  Status finish();      // runs a statement whose rows do not matter
  // Steps through all rows that are left: `see` is called with each.
  template <typename See>
  Status each_row(See see) {
    for (;;) {
      auto more = step();
      if (!more) return std::move(more).error();
      if (!*more) return ok();
      see(std::as_const(*this));
    }
  }
  // What `read` makes of each of them, in their order.
  template <typename Read>
  auto rows(Read read) -> Result<std::vector<std::invoke_result_t<Read &, const SqlStatement &>>> {
    std::vector<std::invoke_result_t<Read &, const SqlStatement &>> list;
    auto all = each_row([&](const SqlStatement &row) { list.push_back(read(row)); });
    if (!all) return std::move(all).error();
    return list;
  }

  // Columns of the row that is ready, from 0.
  std::int64_t int64(int column) const;
  std::optional<std::int64_t> maybe_int64(int column) const;
  std::string text(int column) const;  // NULL reads as ""

 private:
  friend class SqlDatabase;
  struct GiveBack {
    void operator()(sqlite3_stmt *s) const;
    IdleStatements *idle;
  };
  Status bind(int i, std::int64_t v);
  Status bind(int i, std::string_view v);
  Status bind(int i, const std::string &v) { return bind(i, std::string_view(v)); }
  Status bind(int i, const char *v) { return bind(i, std::string_view(v)); }
  Status bind(int i, const std::optional<std::int64_t> &v);
  std::unique_ptr<sqlite3_stmt, GiveBack> stmt_{nullptr, {nullptr}};
};

// For SqlStatement::rows(), when there is one column.
inline std::string text_in_row(const SqlStatement &row) { return row.text(0); }
inline std::int64_t int64_in_row(const SqlStatement &row) { return row.int64(0); }

// One connection, for one thread. Errors: unavailable (busy for 5 s, no space), corrupt, denied,
// invalid_argument (our own SQL is wrong). Statements are kept when they are done with: the same text is not
// compiled again.
class SqlDatabase {
 public:
  // WAL, foreign keys, every commit on disk before it returns. ":memory:" in tests.
  static Result<SqlDatabase> open(const std::string &path);
  SqlDatabase(SqlDatabase &&) noexcept;
  SqlDatabase &operator=(SqlDatabase &&) noexcept;
  ~SqlDatabase();

  Result<SqlStatement> prepare(std::string_view sql);
  Status run(std::string_view script);  // one or more statements, rows are dropped
  // prepare, bind_all, finish.
  template <typename... Args>
  Status run_with(std::string_view sql, const Args &...args) {
    auto statement = prepare(sql);
    if (!statement) return std::move(statement).error();
    if (auto bound = statement->bind_all(args...); !bound) return bound;
    return statement->finish();
  }
  Status transaction(
      const std::function<Status()> &body);  // BEGIN IMMEDIATE; rolls back on error or exception
  std::int64_t last_insert_id() const;
  std::int64_t changes() const;  // rows that the last statement changed

 private:
  struct Close {
    void operator()(sqlite3 *db) const;
  };
  SqlDatabase();
  std::unique_ptr<sqlite3, Close> db_;
  std::unique_ptr<IdleStatements> idle_;
};

}  // namespace rec
