// SPDX-License-Identifier: LGPL-2.1-or-later
// Files that an interruption ended, and what becomes of them.
#include "core/service/catalogue.h"
#include "core/service/catalogue_progress.h"
#include "core/service/catalogue_sql.h"
#include "core/service/splice_join.h"

namespace rec {

Status Catalogue::owe(const StoredFile &file) {
  REC_CHECK(db_.run_with("UPDATE file SET part = 0 WHERE id = ?1", file.id));
  REC_CHECK(count_file(db_, file.facts.recording_id, file.facts.size_bytes));
  return owe_file(db_, file.facts.recording_id, file.id, file.format, clock_->now_utc());
}

Result<bool> Catalogue::is_held_back(const StoredFile &file) {
  if (file.part != PartState::waits) return false;
  REC_TRY(auto query, db_.prepare("SELECT state = 'finished', EXISTS (SELECT 1 FROM push WHERE id = ?2 AND "
                                  "ended_us IS NULL) FROM recording WHERE id = ?1"));
  REC_CHECK(query.bind_all(file.facts.recording_id, file.push_id));
  REC_CHECK(query.step());
  const bool is_finished = query.int64(0) != 0;
  const bool push_lasts = query.int64(1) != 0;
  REC_CHECK(query.finish());
  if (is_finished) return false;  // it comes too late for the others
  if (!push_lasts) return true;
  REC_TRY(const auto all, files(file.facts.recording_id));
  const auto parts = file_parts(all);
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].id == file.id) return continues_another(parts, i);
  return false;
}

Status Catalogue::settle_parts(std::int64_t recording_id) {
  REC_TRY(const auto all, files(recording_id));
  for (const auto &group : files_that_become_one(file_parts(all)))
    if (group.size() == 1) REC_CHECK(owe(all[group.front()]));
  return ok();
}

Result<bool> Catalogue::has_parts(std::int64_t recording_id) {
  REC_TRY(auto query,
          db_.prepare("SELECT EXISTS (SELECT 1 FROM file WHERE recording_id = ?1 AND part <> 0)"));
  REC_CHECK(query.bind_all(recording_id));
  REC_CHECK(query.step());
  return query.int64(0) != 0;
}

Result<std::int64_t> Catalogue::begin_join(const OpenedFile &joined) {
  std::int64_t id = 0;
  const auto body = [&]() -> Status {
    REC_CHECK(insert_file(joined));
    REC_TRY(auto query, db_.prepare("UPDATE file SET part = 2 WHERE id = "
                                    "(SELECT max(id) FROM file WHERE recording_id = ?1) RETURNING id"));
    REC_CHECK(query.bind_all(joined.recording_id));
    REC_CHECK(query.step());
    id = query.int64(0);
    return query.finish();
  };
  REC_CHECK(db_.transaction(body));
  return id;
}

Status Catalogue::set_parts(std::int64_t joined_id, const std::vector<std::int64_t> &parts,
                            const std::string &location_pattern) {
  return db_.transaction([&]() -> Status {
    REC_CHECK(
        db_.run_with("UPDATE file SET location_pattern = ?2 WHERE id = ?1", joined_id, location_pattern));
    for (const std::int64_t part : parts)
      REC_CHECK(db_.run_with("UPDATE file SET joined_into = ?2 WHERE id = ?1", part, joined_id));
    return ok();
  });
}

Status Catalogue::set_part_path(std::int64_t part_id, const std::string &path) {
  return db_.run_with("UPDATE file SET path = ?2 WHERE id = ?1", part_id, path);
}

Status Catalogue::abandon_join(std::int64_t joined_id) {
  return db_.transaction([&]() -> Status {
    REC_CHECK(db_.run_with("UPDATE file SET joined_into = NULL WHERE joined_into = ?1", joined_id));
    return db_.run_with("DELETE FROM file WHERE id = ?1 AND part = 2 AND state = 'open'", joined_id);
  });
}

Status Catalogue::forget_part(std::int64_t part_id) {
  return db_.run_with("DELETE FROM file WHERE id = ?1 AND part = 1 AND joined_into IS NOT NULL", part_id);
}

Status Catalogue::free_part(std::int64_t part_id) {
  return db_.transaction([&]() -> Status {
    std::optional<StoredFile> part;
    {
      REC_TRY(auto query,
              db_.prepare("SELECT " + std::string(kFileColumns) + " FROM file WHERE id = ?1 AND part = 1"));
      REC_CHECK(query.bind_all(part_id));
      REC_TRY(const bool found, query.step());
      if (!found) return ok();
      part = read_file(query);
    }
    return owe(*part);
  });
}

}  // namespace rec
