// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/object_names.h"

#include <utility>
#include <vector>

#include "core/model/object_key.h"
#include "core/service/catalogue_sql.h"

namespace rec {
namespace {

std::string plain_name(const std::string &directory, const std::string &path) {
  auto name = object_name(directory, path);
  return name ? *std::move(name) : std::string();
}

// A recording, as far as names in stores go.
struct Owner {
  std::int64_t id = 0;
  std::string session_id, directory, store, backup, playlist_path;
  bool playlist_apart = false;
};

Result<Owner> owner_of(SqlDatabase &db, std::int64_t recording_id) {
  REC_TRY(auto query, db.prepare("SELECT session_id, directory, store, backup_store, playlist_path, "
                                 "playlist_apart FROM recording WHERE id = ?1"));
  REC_CHECK(query.bind_all(recording_id));
  REC_TRY(const bool found, query.step());
  if (!found) return Error{Errc::corrupt, "a file names a recording that is not there"};
  return Owner{recording_id,  query.text(0), query.text(1),      query.text(2),
               query.text(3), query.text(4), query.int64(5) != 0};
}

// Whose name is not in its own way; 0 = none.
struct Self {
  std::int64_t file_id = 0;
  std::int64_t segment_id = 0;
  std::int64_t recording_id = 0;  // all that it has
};

// Something else in the stores of `owner` is called so, or will be.
Result<bool> is_taken(SqlDatabase &db, const std::string &name, const Owner &owner, const Self &self) {
  const std::string in_its_stores =
      " AND (r.store IN (?2, nullif(?3, '')) OR r.backup_store IN (?2, nullif(?3, '')))";
  REC_TRY(auto query,
          db.prepare("SELECT EXISTS (SELECT 1 FROM file f JOIN recording r ON r.id = f.recording_id WHERE "
                     "f.object = ?1 AND f.object <> '' AND f.id <> ?4 AND r.id <> ?6 AND f.state <> 'failed' "
                     "AND f.joined_into IS NULL" +
                     in_its_stores +
                     ") OR EXISTS (SELECT 1 FROM segment s JOIN recording r ON r.id = s.recording_id WHERE "
                     "s.object = ?1 AND s.object <> '' AND s.id <> ?5 AND r.id <> ?6" +
                     in_its_stores +
                     ") OR EXISTS (SELECT 1 FROM recording r WHERE r.manifest_object = ?1 AND "
                     "r.manifest_object <> '' AND r.id <> ?6" +
                     in_its_stores + ")"));
  REC_CHECK(
      query.bind_all(name, owner.store, owner.backup, self.file_id, self.segment_id, self.recording_id));
  REC_CHECK(query.step());
  return query.int64(0) != 0;
}

Result<bool> is_there(SqlDatabase &db, const std::string &sql, std::int64_t a, std::int64_t b) {
  REC_TRY(auto query, db.prepare("SELECT EXISTS (" + sql + ")"));
  REC_CHECK(query.bind_all(a, b));
  REC_CHECK(query.step());
  return query.int64(0) != 0;
}

// The playlist and its segments can have other names than on the disk, as long as they stay side by side and
// nobody was told where they are.
Result<bool> can_move(SqlDatabase &db, const Owner &owner, const Self &self) {
  REC_TRY(const bool was_told,
          is_there(db, "SELECT 1 FROM file WHERE recording_id = ?1 AND format = 'hls' AND id <> ?2", owner.id,
                   self.file_id));
  REC_TRY(const bool has_folders,
          is_there(db, "SELECT 1 FROM segment WHERE recording_id = ?1 AND id <> ?2 AND uri LIKE '%/%'",
                   owner.id, 0));
  return !was_told && !has_folders;
}

Status move_apart(SqlDatabase &db, const Owner &owner, UtcTime now) {
  REC_CHECK(db.run_with("UPDATE recording SET playlist_apart = 1 WHERE id = ?1", owner.id));
  struct Named {
    std::int64_t id;
    std::string object;
  };
  REC_TRY(auto query, db.prepare("SELECT id, object FROM segment WHERE recording_id = ?1 AND object <> ''"));
  REC_CHECK(query.bind_all(owner.id));
  REC_TRY(const auto segments, query.rows([](const SqlStatement &row) {
    return Named{row.int64(0), row.text(1)};
  }));
  for (const Named &segment : segments) {
    REC_CHECK(db.run_with("UPDATE segment SET object = ?2 WHERE id = ?1", segment.id,
                          name_in_folder(segment.object, owner.session_id)));
    REC_CHECK(
        db.run_with("UPDATE outbox SET done_us = NULL, url = '', upload_id = '', lease = '', attempts = 0, "
                    "next_attempt_us = ?2 WHERE segment_id = ?1 AND kind = 'upload'",
                    segment.id, us(now)));
  }
  return ok();
}

// For a playlist or a segment that is called `name` on the disk; "" = there is no name for it.
Result<std::string> name_of_playlists(SqlDatabase &db, const Owner &owner, const std::string &name,
                                      const Self &self, UtcTime now) {
  if (owner.playlist_apart) return name_in_folder(name, owner.session_id);
  REC_TRY(bool taken, is_taken(db, name, owner, self));
  const std::string playlist = plain_name(owner.directory, owner.playlist_path);
  if (!taken && self.segment_id != 0 && !playlist.empty()) {
    REC_TRY(taken, is_taken(db, playlist, owner, {.recording_id = owner.id}));
  }
  if (!taken) return name;
  REC_TRY(const bool has_segments,
          is_there(db, "SELECT 1 FROM segment WHERE recording_id = ?1 AND id <> ?2", owner.id, 0));
  if (!has_segments) return name_beside(name, owner.session_id);  // those that it names are others'
  REC_TRY(const bool may, can_move(db, owner, self));
  if (!may) return std::string();
  REC_CHECK(move_apart(db, owner, now));
  return name_in_folder(name, owner.session_id);
}

Result<std::string> name_of_file(SqlDatabase &db, const Owner &owner, const std::string &name,
                                 const std::string &before, std::int64_t file_id) {
  const std::string names[] = {
      name, name_beside(name, owner.session_id),
      name_beside(name, owner.session_id + "-" + std::to_string(file_id))};  // the last one is its own
  for (const std::string &one : names)
    if (before == one) return one;
  for (const std::string &one : names) {
    REC_TRY(const bool taken, is_taken(db, one, owner, {.file_id = file_id}));
    if (!taken) return one;
  }
  return std::string();
}

struct FileRow {
  std::int64_t recording_id = 0;
  std::string path, object;
};

Result<FileRow> file_row(SqlDatabase &db, std::int64_t file_id) {
  REC_TRY(auto query, db.prepare("SELECT recording_id, CASE WHEN path = '' THEN location_pattern ELSE path "
                                 "END, object FROM file WHERE id = ?1"));
  REC_CHECK(query.bind_all(file_id));
  REC_TRY(const bool found, query.step());
  if (!found) return Error{Errc::corrupt, "a file that is owed is not there"};
  return FileRow{query.int64(0), query.text(1), query.text(2)};
}

Status set_file(SqlDatabase &db, std::int64_t file_id, const std::string &object) {
  return db.run_with("UPDATE file SET object = ?2 WHERE id = ?1", file_id, object);
}

// Of the rows of `table` that have no name and could have one.
Status name_rows(SqlDatabase &db, const Owner &owner, const std::string &table, const std::string &which) {
  struct Row {
    std::int64_t id;
    std::string path;
  };
  REC_TRY(auto query, db.prepare("SELECT id, path FROM " + table +
                                 " WHERE recording_id = ?1 AND object = '' AND path <> ''" + which));
  REC_CHECK(query.bind_all(owner.id));
  REC_TRY(const auto rows, query.rows([](const SqlStatement &row) {
    return Row{row.int64(0), row.text(1)};
  }));
  for (const Row &row : rows)
    REC_CHECK(db.run_with("UPDATE " + table + " SET object = ?2 WHERE id = ?1", row.id,
                          plain_name(owner.directory, row.path)));
  return ok();
}

}  // namespace

Status name_file(SqlDatabase &db, std::int64_t file_id) {
  REC_TRY(const FileRow row, file_row(db, file_id));
  REC_TRY(const Owner owner, owner_of(db, row.recording_id));
  const std::string name = plain_name(owner.directory, row.path);
  if (owner.store.empty() || name.empty()) return ok();
  REC_TRY(const std::string object, name_of_file(db, owner, name, row.object, file_id));
  return set_file(db, file_id, object);
}

Status name_playlist(SqlDatabase &db, std::int64_t file_id, UtcTime now) {
  REC_TRY(const FileRow row, file_row(db, file_id));
  REC_TRY(const Owner owner, owner_of(db, row.recording_id));
  const std::string name = plain_name(owner.directory, row.path);
  if (owner.store.empty() || name.empty() || !row.object.empty()) return ok();
  REC_TRY(const std::string object, name_of_playlists(db, owner, name, {.file_id = file_id}, now));
  return set_file(db, file_id, object);
}

Status name_segment(SqlDatabase &db, std::int64_t segment_id, UtcTime now) {
  std::int64_t recording_id = 0;
  std::string path;
  bool is_elsewhere = false;
  {
    REC_TRY(auto query, db.prepare("SELECT recording_id, path, uri LIKE '%/%' FROM segment WHERE id = ?1"));
    REC_CHECK(query.bind_all(segment_id));
    REC_CHECK(query.step());
    recording_id = query.int64(0);
    path = query.text(1);
    is_elsewhere = query.int64(2) != 0;
  }
  REC_TRY(const Owner owner, owner_of(db, recording_id));
  const std::string name = plain_name(owner.directory, path);
  if (owner.store.empty() || name.empty()) return ok();
  if (owner.playlist_apart && is_elsewhere) return ok();
  REC_TRY(const std::string object, name_of_playlists(db, owner, name, {.segment_id = segment_id}, now));
  return db.run_with("UPDATE segment SET object = ?2 WHERE id = ?1", segment_id, object);
}

Status name_manifest(SqlDatabase &db, std::int64_t recording_id, const std::string &path) {
  REC_TRY(const Owner owner, owner_of(db, recording_id));
  std::string name = plain_name(owner.directory, path);
  if (owner.store.empty() || name.empty()) return ok();
  REC_TRY(const bool taken, is_taken(db, name, owner, {.recording_id = recording_id}));
  if (taken || owner.playlist_apart) name = name_in_folder(name, owner.session_id);
  return db.run_with("UPDATE recording SET manifest_object = ?2 WHERE id = ?1", recording_id, name);
}

Status name_all(SqlDatabase &db, std::int64_t recording_id) {
  REC_TRY(const Owner owner, owner_of(db, recording_id));
  if (owner.store.empty()) return ok();
  REC_CHECK(name_rows(db, owner, "file", " AND state = 'closed' AND joined_into IS NULL"));
  return name_rows(db, owner, "segment", "");
}

std::string name_of_other(const Recording &recording, const std::string &path) {
  std::string name = plain_name(recording.directory, path);
  if (name.empty() || !recording.playlist_apart) return name;
  return name_in_folder(name, recording.session_id);
}

}  // namespace rec
