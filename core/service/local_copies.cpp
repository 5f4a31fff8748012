// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/local_copies.h"

#include "core/service/catalogue_sql.h"

namespace rec {

Result<std::vector<LocalCopy>> LocalCopies::removable_files(const std::string &store, UtcTime until,
                                                            std::int64_t after, int limit) {
  REC_TRY(
      auto query,
      db_.prepare("SELECT f.id, f.recording_id, r.directory, f.path FROM file f "
                  "JOIN recording r ON r.id = f.recording_id WHERE f.id > ?3 AND r.store = ?1 AND "
                  "f.state = 'closed' AND f.format <> 'hls' AND f.part = 0 AND f.removed_us IS NULL AND "
                  "(r.state = 'finished' OR r.splice_timeout_ns = 0) AND NOT EXISTS (SELECT 1 FROM outbox o "
                  "WHERE o.file_id = f.id AND o.kind = 'upload' AND o.done_us IS NULL) AND EXISTS (SELECT 1 "
                  "FROM outbox o WHERE o.file_id = f.id AND o.kind = 'upload' AND o.target = ?1 AND "
                  "o.done_us <= ?2) ORDER BY f.id LIMIT ?4"));
  REC_CHECK(query.bind_all(store, us(until), after, std::int64_t{limit}));
  std::vector<LocalCopy> copies;
  for (;;) {
    REC_TRY(const bool more, query.step());
    if (!more) return copies;
    LocalCopy copy;
    copy.id = query.int64(0);
    copy.recording_id = query.int64(1);
    copy.directory = query.text(2);
    copy.paths = {query.text(3)};
    copies.push_back(std::move(copy));
  }
}

Result<std::vector<LocalCopy>> LocalCopies::removable_playlists(const std::string &store, UtcTime until,
                                                                std::int64_t after, int limit) {
  std::vector<LocalCopy> copies;
  {
    REC_TRY(
        auto query,
        db_.prepare(
            "SELECT min(f.id), r.id, r.directory FROM file f JOIN recording r ON r.id = f.recording_id "
            "WHERE r.store = ?1 AND r.state = 'finished' AND f.format = 'hls' AND f.state = 'closed' AND "
            "f.removed_us IS NULL AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.recording_id = r.id AND "
            "o.kind = 'upload' AND o.done_us IS NULL) AND EXISTS (SELECT 1 FROM outbox o WHERE "
            "o.file_id = f.id AND o.kind = 'upload' AND o.target = ?1 AND o.done_us <= ?2) "
            "GROUP BY r.id, r.directory HAVING min(f.id) > ?3 AND count(*) = (SELECT count(*) FROM file x "
            "WHERE x.recording_id = r.id AND x.format = 'hls') ORDER BY min(f.id) LIMIT ?4"));
    REC_CHECK(query.bind_all(store, us(until), after, std::int64_t{limit}));
    for (;;) {
      REC_TRY(const bool more, query.step());
      if (!more) break;
      LocalCopy copy;
      copy.id = query.int64(0);
      copy.recording_id = query.int64(1);
      copy.is_hls = true;
      copy.directory = query.text(2);
      copies.push_back(std::move(copy));
    }
  }
  for (LocalCopy &copy : copies) {
    REC_TRY(copy.paths, paths_of_playlists(copy.recording_id));
  }
  return copies;
}

Result<std::vector<std::string>> LocalCopies::paths_of_playlists(std::int64_t recording_id) {
  REC_TRY(auto query, db_.prepare("SELECT path, 0 AS of_file, id FROM segment WHERE recording_id = ?1 UNION "
                                  "SELECT path, 1 AS of_file, id FROM file WHERE recording_id = ?1 AND "
                                  "format = 'hls' ORDER BY of_file, id"));
  REC_CHECK(query.bind_all(recording_id));
  std::vector<std::string> paths;
  for (;;) {
    REC_TRY(const bool more, query.step());
    if (!more) return paths;
    paths.push_back(query.text(0));
  }
}

Status LocalCopies::removed(const LocalCopy &copy) {
  const std::int64_t now = us(clock_.now_utc());
  if (!copy.is_hls) return db_.run_with("UPDATE file SET removed_us = ?2 WHERE id = ?1", copy.id, now);
  return db_.run_with("UPDATE file SET removed_us = ?2 WHERE recording_id = ?1 AND format = 'hls'",
                      copy.recording_id, now);
}

Result<std::vector<std::string>> LocalCopies::spool_directories() {
  REC_TRY(auto query, db_.prepare("SELECT DISTINCT directory FROM (SELECT directory FROM recording "
                                  "ORDER BY id DESC LIMIT 1000) AS newest ORDER BY directory"));
  std::vector<std::string> directories;
  for (;;) {
    REC_TRY(const bool more, query.step());
    if (!more) return directories;
    directories.push_back(query.text(0));
  }
}

}  // namespace rec
