// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/io/sqlite.h"

#include <sqlite3.h>

#include <unordered_map>

namespace rec {

// By their text, one of each.
class IdleStatements {
 public:
  IdleStatements() = default;
  IdleStatements(const IdleStatements &) = delete;
  IdleStatements &operator=(const IdleStatements &) = delete;
  ~IdleStatements() { clear(); }

  // Null: there is none.
  sqlite3_stmt *take(std::string_view sql) {
    const auto found = statements_.find(sql);
    if (found == statements_.end()) return nullptr;
    sqlite3_stmt *statement = found->second;
    statements_.erase(found);
    return statement;
  }
  void keep(sqlite3_stmt *statement) {
    sqlite3_reset(statement);  // its error was told
    sqlite3_clear_bindings(statement);
    if (statements_.size() >= kMost) clear();  // queries that are put together as they are needed
    if (!statements_.emplace(sqlite3_sql(statement), statement).second) sqlite3_finalize(statement);
  }

 private:
  static constexpr std::size_t kMost = 256;

  void clear() {
    for (const auto &[sql, statement] : statements_) sqlite3_finalize(statement);
    statements_.clear();
  }

  std::unordered_map<std::string_view, sqlite3_stmt *> statements_;  // the text is the statement's
};
namespace {

constexpr int kBusyTimeoutMs = 5000;

Errc code_of(int rc) {
  switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
      return Errc::unavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Errc::corrupt;
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return Errc::denied;
    default:
      return Errc::invalid_argument;
  }
}

Error error_of(sqlite3 *db, std::string_view doing) {
  const int rc = db ? sqlite3_errcode(db) : SQLITE_NOMEM;
  return {code_of(rc), std::string(doing) + ": " + (db ? sqlite3_errmsg(db) : "out of memory")};
}

Status check_bind(int rc, sqlite3_stmt *s) {
  if (rc == SQLITE_OK) return ok();
  return error_of(sqlite3_db_handle(s), "binding a parameter");
}

}  // namespace

void SqlStatement::GiveBack::operator()(sqlite3_stmt *s) const { idle->keep(s); }
void SqlDatabase::Close::operator()(sqlite3 *db) const { sqlite3_close_v2(db); }

Status SqlStatement::bind(int i, std::int64_t v) {
  return check_bind(sqlite3_bind_int64(stmt_.get(), i, v), stmt_.get());
}

Status SqlStatement::bind(int i, std::string_view v) {
  const char *bytes = v.data() ? v.data() : "";  // a null pointer would bind NULL
  return check_bind(sqlite3_bind_text(stmt_.get(), i, bytes, static_cast<int>(v.size()), SQLITE_TRANSIENT),
                    stmt_.get());
}

Status SqlStatement::bind(int i, const std::optional<std::int64_t> &v) {
  return v ? bind(i, *v) : check_bind(sqlite3_bind_null(stmt_.get(), i), stmt_.get());
}

Status SqlStatement::bind_values(const std::vector<SqlValue> &values) {
  int i = 0;
  for (const SqlValue &value : values) {
    ++i;
    REC_CHECK(std::visit([&](const auto &v) { return bind(i, v); }, value));
  }
  return ok();
}

Result<bool> SqlStatement::step() {
  const int rc = sqlite3_step(stmt_.get());
  if (rc == SQLITE_ROW) return true;
  if (rc == SQLITE_DONE) return false;
  return error_of(sqlite3_db_handle(stmt_.get()), "running a statement");
}

Status SqlStatement::finish() {
  for (;;) {
    REC_TRY(const bool more, step());
    if (!more) return ok();
  }
}

std::int64_t SqlStatement::int64(int column) const { return sqlite3_column_int64(stmt_.get(), column); }

std::optional<std::int64_t> SqlStatement::maybe_int64(int column) const {
  if (sqlite3_column_type(stmt_.get(), column) == SQLITE_NULL) return std::nullopt;
  return int64(column);
}

std::string SqlStatement::text(int column) const {
  const auto *t = sqlite3_column_text(stmt_.get(), column);
  if (!t) return {};
  return {reinterpret_cast<const char *>(t),
          static_cast<std::size_t>(sqlite3_column_bytes(stmt_.get(), column))};
}

SqlDatabase::SqlDatabase() : idle_(std::make_unique<IdleStatements>()) {}
SqlDatabase::SqlDatabase(SqlDatabase &&) noexcept = default;
SqlDatabase::~SqlDatabase() = default;
SqlDatabase &SqlDatabase::operator=(SqlDatabase &&other) noexcept {
  idle_ = std::move(other.idle_);  // of the one that is closed: before it
  db_ = std::move(other.db_);
  return *this;
}

Result<SqlDatabase> SqlDatabase::open(const std::string &path) {
  SqlDatabase db;
  sqlite3 *raw = nullptr;
  const int rc = sqlite3_open_v2(path.c_str(), &raw,
                                 SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  db.db_.reset(raw);
  if (rc != SQLITE_OK) return error_of(raw, "opening " + path);
  sqlite3_busy_timeout(raw, kBusyTimeoutMs);
  if (auto set_up = db.run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;");
      !set_up)
    return Error{set_up.error().code, path + ": " + set_up.error().message};
  return db;
}

Result<SqlStatement> SqlDatabase::prepare(std::string_view sql) {
  sqlite3_stmt *raw = idle_->take(sql);
  if (!raw && sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()),
                                 SQLITE_PREPARE_PERSISTENT, &raw, nullptr) != SQLITE_OK)
    return error_of(db_.get(), "preparing a statement");
  SqlStatement s;
  s.stmt_ = {raw, {idle_.get()}};
  return s;
}

Status SqlDatabase::run(std::string_view script) {
  if (sqlite3_exec(db_.get(), std::string(script).c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    return error_of(db_.get(), "running a script");
  return ok();
}

Status SqlDatabase::transaction(const std::function<Status()> &body) {
  REC_CHECK(run("BEGIN IMMEDIATE"));
  struct Rollback {
    sqlite3 *db;
    ~Rollback() {
      if (db) sqlite3_exec(db, "ROLLBACK", nullptr, nullptr, nullptr);
    }
  } rollback{db_.get()};
  REC_CHECK(body());
  REC_CHECK(run("COMMIT"));
  rollback.db = nullptr;
  return ok();
}

std::int64_t SqlDatabase::last_insert_id() const { return sqlite3_last_insert_rowid(db_.get()); }
std::int64_t SqlDatabase::changes() const { return sqlite3_changes(db_.get()); }

}  // namespace rec
