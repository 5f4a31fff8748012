// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/catalogue_progress.h"

#include <algorithm>

#include "core/model/recorded_spans.h"
#include "core/service/catalogue.h"
#include "core/service/catalogue_sql.h"
#include "core/service/recording_timeline.h"

namespace rec {
namespace {

Status begin_progress(SqlDatabase &db, std::int64_t recording_id) {
  return db.run_with("INSERT INTO progress (recording_id) VALUES (?1) ON CONFLICT (recording_id) DO NOTHING",
                     recording_id);
}

std::uint64_t count_in(const SqlStatement &row, int column) {
  return static_cast<std::uint64_t>(row.int64(column));
}

Status add_drops(SqlDatabase &db, std::int64_t recording_id, const MediaCounts::Drops &drops) {
  for (const auto &[drop, frames] : drops)
    REC_CHECK(
        db.run_with("INSERT INTO frame_drop (recording_id, format, reason, frames) VALUES (?1, ?2, ?3, ?4) "
                    "ON CONFLICT (recording_id, format, reason) DO UPDATE SET frames = frame_drop.frames + "
                    "excluded.frames",
                    recording_id, drop.first, drop.second, sql_int(frames)));
  return ok();
}

// The time between two segments, where nothing of the recording is.
Status count_gap(SqlDatabase &db, std::int64_t recording_id, UtcTime from, UtcTime to) {
  REC_TRY(const std::string reason, reason_of_gap(db, recording_id, from, to));
  return db.run_with(
      "INSERT INTO gap_sum (recording_id, reason, gaps, length_us) VALUES (?1, ?2, 1, ?3) ON CONFLICT "
      "(recording_id, reason) DO UPDATE SET gaps = gap_sum.gaps + 1, length_us = gap_sum.length_us + "
      "excluded.length_us",
      recording_id, reason, us(to) - us(from));
}

Result<std::optional<UtcTime>> recorded_until(SqlDatabase &db, std::int64_t recording_id) {
  REC_TRY(auto query, db.prepare("SELECT until_us FROM progress WHERE recording_id = ?1"));
  REC_CHECK(query.bind_all(recording_id));
  REC_TRY(const bool found, query.step());
  return found ? utc(query.maybe_int64(0)) : std::nullopt;
}

}  // namespace

Result<RecordingProgress> progress_of(SqlDatabase &db, std::int64_t recording_id) {
  RecordingProgress progress;
  REC_TRY(auto sums,
          db.prepare("SELECT video_frames, audio_frames, media_bytes, last_media_us, segments, stored_bytes, "
                     "media_ns, until_us FROM progress WHERE recording_id = ?1"));
  REC_CHECK(sums.bind_all(recording_id));
  REC_CHECK(sums.each_row([&](const SqlStatement &row) {
    progress.counted.video_frames = count_in(row, 0);
    progress.counted.audio_frames = count_in(row, 1);
    progress.counted.bytes = count_in(row, 2);
    progress.last_media = utc(row.maybe_int64(3));
    progress.segments = count_in(row, 4);
    progress.stored_bytes = count_in(row, 5);
    progress.segment_media = Nanoseconds(row.int64(6));
    progress.recorded_until = utc(row.maybe_int64(7));
  }));
  REC_TRY(auto drops, db.prepare("SELECT format, reason, frames FROM frame_drop WHERE recording_id = ?1"));
  REC_CHECK(drops.bind_all(recording_id));
  REC_CHECK(drops.each_row([&](const SqlStatement &row) {
    progress.counted.drops[{row.text(0), row.text(1)}] = count_in(row, 2);
  }));
  REC_TRY(auto gaps, db.prepare("SELECT reason, gaps, length_us FROM gap_sum WHERE recording_id = ?1"));
  REC_CHECK(gaps.bind_all(recording_id));
  REC_CHECK(gaps.each_row([&](const SqlStatement &row) {
    progress.gaps[row.text(0)] = {count_in(row, 1), std::chrono::microseconds(row.int64(2))};
  }));
  return progress;
}

Status add_counts(Catalogue &catalogue, std::int64_t recording_id, const MediaCounts &since,
                  const std::optional<UtcTime> &last_media) {
  SqlDatabase &db = catalogue.connection();
  return db.transaction([&]() -> Status {
    REC_CHECK(begin_progress(db, recording_id));
    REC_CHECK(
        db.run_with("UPDATE progress SET video_frames = video_frames + ?2, audio_frames = audio_frames + ?3, "
                    "media_bytes = media_bytes + ?4, last_media_us = CASE WHEN last_media_us > ?5 OR ?5 IS "
                    "NULL THEN last_media_us ELSE ?5 END WHERE recording_id = ?1",
                    recording_id, sql_int(since.video_frames), sql_int(since.audio_frames),
                    sql_int(since.bytes), last_media ? std::optional(us(*last_media)) : std::nullopt));
    return add_drops(db, recording_id, since.drops);
  });
}

Status count_segment(SqlDatabase &db, const NewSegment &s) {
  REC_CHECK(begin_progress(db, s.recording_id));
  const bool is_media = s.duration > Nanoseconds(0);
  std::optional<std::int64_t> until;
  if (is_media) {
    REC_TRY(const auto before, recorded_until(db, s.recording_id));
    if (before && s.started - *before > kShortestGap)
      REC_CHECK(count_gap(db, s.recording_id, *before, s.started));
    until = us(std::max(before.value_or(UtcTime::min()),
                        s.started + std::chrono::duration_cast<std::chrono::microseconds>(s.duration)));
  }
  return db.run_with(
      "UPDATE progress SET segments = segments + ?2, stored_bytes = stored_bytes + ?3, media_ns = media_ns + "
      "?4, until_us = coalesce(?5, until_us) WHERE recording_id = ?1",
      s.recording_id, std::int64_t{is_media}, sql_int(s.size_bytes), std::int64_t{s.duration.count()}, until);
}

Status count_file(SqlDatabase &db, std::int64_t recording_id, std::uint64_t size_bytes) {
  REC_CHECK(begin_progress(db, recording_id));
  return db.run_with("UPDATE progress SET stored_bytes = stored_bytes + ?2 WHERE recording_id = ?1",
                     recording_id, sql_int(size_bytes));
}

}  // namespace rec
