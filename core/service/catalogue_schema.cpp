// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/catalogue_sql.h"
#include "core/service/schema.h"

namespace rec {
namespace {

constexpr std::int64_t kVersion = 2;

// Version 2: files that are joined after interruptions. With the columns as schema.sql has them.
constexpr std::string_view kFrom1To2 = R"(
  ALTER TABLE file ADD COLUMN push_id INTEGER;
  ALTER TABLE file ADD COLUMN part INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE file ADD COLUMN joined_into INTEGER;
  CREATE INDEX file_part ON file (recording_id) WHERE part <> 0;
  PRAGMA user_version = 2;
)";

Result<std::int64_t> version_of(SqlDatabase &db) {
  REC_TRY(auto query, db.prepare("PRAGMA user_version"));
  REC_CHECK(query.step());
  return query.int64(0);
}

}  // namespace

Status set_up_schema(SqlDatabase &db, const std::string &path) {
  REC_TRY(const std::int64_t found, version_of(db));
  if (found == kVersion) return ok();
  // Asked again in it: another process may just have done the same.
  return db.transaction([&]() -> Status {
    REC_TRY(const std::int64_t version, version_of(db));
    if (version == 0) return db.run(kSchema);
    if (version == 1) return db.run(kFrom1To2);
    if (version == kVersion) return ok();
    return Error{Errc::invalid_argument, path + ": catalogue version " + std::to_string(version) +
                                             " is not one that this program knows (" +
                                             std::to_string(kVersion) + " and older)"};
  });
}

}  // namespace rec
