// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/clip_names.h"

#include <vector>

#include "core/io/files.h"
#include "core/model/object_key.h"
#include "core/service/catalogue_sql.h"

namespace rec {
namespace {

constexpr unsigned kMostNumbers = 16;  // of a name, that are looked at

struct Noted {
  std::int64_t id = 0;
  std::string owner, path, directory;
  std::uint64_t inode = 0, size_bytes = 0;
};

Noted noted_in_row(const SqlStatement &row) {
  return {.id = row.int64(0),
          .owner = row.text(1),
          .path = row.text(2),
          .directory = row.text(3),
          .inode = static_cast<std::uint64_t>(row.int64(4)),
          .size_bytes = static_cast<std::uint64_t>(row.int64(5))};
}

// A recording has the file, or somebody else is making one of that name.
Result<bool> is_anothers(SqlDatabase &db, const Noted &noted, const std::string &path) {
  REC_TRY(auto query,
          db.prepare("SELECT EXISTS (SELECT 1 FROM file WHERE path = ?1 AND path <> '') OR EXISTS "
                     "(SELECT 1 FROM clip_name WHERE path = ?2 AND id <> ?3)"));
  REC_CHECK(query.bind_all(path, noted.path, noted.id));
  REC_CHECK(query.step());
  return query.int64(0) != 0;
}

// Whether there was one.
Result<bool> remove_file_of(SqlDatabase &db, const Noted &noted) {
  for (unsigned number = 0; number < kMostNumbers; ++number) {
    const std::string path = numbered_path(noted.path, number);
    const auto found = file_stamp(path);
    if (!found || found->inode != noted.inode || found->size_bytes != noted.size_bytes) continue;
    REC_TRY(const bool stays, is_anothers(db, noted, path));
    // The catalogue is a file that others may write: nothing is deleted beside the recording's own folder.
    if (stays || !object_key("", noted.directory, path)) continue;
    REC_CHECK(remove_file_below(path, noted.directory));
    return true;
  }
  return false;
}

}  // namespace

Result<NotedName> note_name(Catalogue &catalogue, const DiskFile &file, const std::string &path,
                            const std::string &directory) {
  NotedName noted;
  if (catalogue.path() == ":memory:") return noted;
  REC_TRY(noted.owner, process_owner(catalogue.path()));
  REC_TRY(const FileStamp stamp, file_stamp(file.path_by_fd()));
  SqlDatabase &db = catalogue.connection();
  REC_CHECK(db.run_with(
      "INSERT INTO clip_name (owner, path, directory, inode, size_bytes) VALUES (?1, ?2, ?3, ?4, ?5)",
      noted.owner->id(), path, directory, sql_int(stamp.inode), sql_int(stamp.size_bytes)));
  noted.id = db.last_insert_id();
  return noted;
}

Status forget_name(SqlDatabase &db, std::int64_t noted_id) {
  return db.run_with("DELETE FROM clip_name WHERE id = ?1", noted_id);
}

Result<std::uint64_t> remove_files_of_the_dead(
    Catalogue &catalogue, const std::function<bool(const std::string &owner)> &is_alive) {
  SqlDatabase &db = catalogue.connection();
  std::vector<Noted> all;
  {
    REC_TRY(auto query, db.prepare("SELECT id, owner, path, directory, inode, size_bytes FROM clip_name"));
    REC_TRY(all, query.rows(noted_in_row));
  }
  std::uint64_t removed = 0;
  for (const Noted &noted : all) {
    if (is_alive(noted.owner)) continue;
    REC_TRY(const bool was_there, remove_file_of(db, noted));
    removed += was_there ? 1 : 0;
    REC_CHECK(forget_name(db, noted.id));
  }
  return removed;
}

}  // namespace rec
