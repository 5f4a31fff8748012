// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/running_recordings.h"

#include <algorithm>

#include "core/io/iso_time.h"
#include "core/service/catalogue_sql.h"

namespace rec {
namespace {

// Of a row: kind, how many, bytes, since when, how many of them failed.
void add_owed(OwedSum &sum, const SqlStatement &row, int column) {
  const auto count = static_cast<std::uint64_t>(row.int64(column + 1));
  sum.failing += static_cast<std::uint64_t>(row.int64(column + 4));
  if (row.text(column) != name_of(OwedKind::upload)) {
    sum.callbacks += count;
    return;
  }
  sum.uploads += count;
  sum.upload_bytes += static_cast<std::uint64_t>(row.int64(column + 2));
  const UtcTime since = utc(row.int64(column + 3));
  sum.oldest_upload = std::min(sum.oldest_upload.value_or(since), since);
}

// The size of a playlist is that of its segments, which are owed themselves.
Status read_owed(SqlDatabase &db, const std::map<std::int64_t, RunningRecording *> &running, OwedSum &all) {
  REC_TRY(
      auto query,
      db.prepare("SELECT o.recording_id, o.kind, count(*), coalesce(sum(CASE WHEN f.format = 'hls' THEN 0 "
                 "ELSE coalesce(f.size_bytes, s.size_bytes, 0) END), 0), min(o.created_us), count(CASE "
                 "WHEN o.attempts > 0 THEN 1 END) FROM outbox o LEFT JOIN file f ON f.id = o.file_id "
                 "LEFT JOIN segment s ON s.id = o.segment_id WHERE o.done_us IS NULL GROUP BY "
                 "o.recording_id, o.kind"));
  return query.each_row([&](const SqlStatement &row) {
    add_owed(all, row, 1);
    const auto found = running.find(row.int64(0));
    if (found != running.end()) add_owed(found->second->owed, row, 1);
  });
}

}  // namespace

std::uint64_t RunningRecording::bytes() const {
  return progress.last_media ? progress.counted.bytes : progress.stored_bytes;
}

UtcTime RunningRecording::last_media() const {
  return progress.last_media.value_or(progress.recorded_until.value_or(recording.started));
}

std::uint64_t RunningRecording::lost_frames() const {
  std::uint64_t lost = 0;
  for (const auto &[drop, frames] : progress.counted.drops) lost += is_loss(drop.second) ? frames : 0;
  return lost;
}

GapSum RunningRecording::all_gaps() const {
  GapSum sum;
  for (const auto &[reason, gaps] : progress.gaps) {
    sum.gaps += gaps.gaps;
    sum.length += gaps.length;
  }
  return sum;
}

Result<RunningRecordings> running_recordings(Catalogue &catalogue) {
  SqlDatabase &db = catalogue.connection();
  RunningRecordings running;
  running.at = catalogue.clock().now_utc();
  REC_TRY(auto query, db.prepare("SELECT " + std::string(kRecordingColumns) +
                                 " FROM recording WHERE state <> 'finished' ORDER BY started_us, id"));
  REC_TRY(auto recordings, query.rows(read_recording));
  for (Recording &recording : recordings) {
    RunningRecording one{.recording = std::move(recording), .progress = {}, .owed = {}};
    REC_TRY(one.progress, progress_of(db, one.recording.id));
    running.recordings.push_back(std::move(one));
  }
  std::map<std::int64_t, RunningRecording *> by_id;
  for (RunningRecording &one : running.recordings) by_id[one.recording.id] = &one;
  REC_CHECK(read_owed(db, by_id, running.owed));
  return running;
}

JsonObjectWriter json_of(const RecordingProgress &progress) {
  std::vector<JsonObjectWriter> drops, gaps;
  for (const auto &[drop, frames] : progress.counted.drops)
    drops.push_back(std::move(JsonObjectWriter()
                                  .text("format", drop.first)
                                  .text("reason", drop.second)
                                  .number("frames", static_cast<std::int64_t>(frames))));
  for (const auto &[reason, sum] : progress.gaps)
    gaps.push_back(std::move(JsonObjectWriter()
                                 .text("reason", reason)
                                 .number("gaps", static_cast<std::int64_t>(sum.gaps))
                                 .real("seconds", std::chrono::duration<double>(sum.length).count())));
  JsonObjectWriter json;
  json.number("video_frames", static_cast<std::int64_t>(progress.counted.video_frames))
      .number("audio_frames", static_cast<std::int64_t>(progress.counted.audio_frames))
      .number("media_bytes", static_cast<std::int64_t>(progress.counted.bytes))
      .number("stored_bytes", static_cast<std::int64_t>(progress.stored_bytes))
      .number("segments", static_cast<std::int64_t>(progress.segments));
  if (progress.last_media) json.text("last_media", time_text(*progress.last_media));
  json.objects("drops", std::move(drops)).objects("gaps", std::move(gaps));
  return json;
}

JsonObjectWriter json_of(const OwedSum &owed) {
  JsonObjectWriter json;
  json.number("uploads", static_cast<std::int64_t>(owed.uploads))
      .number("upload_bytes", static_cast<std::int64_t>(owed.upload_bytes))
      .number("callbacks", static_cast<std::int64_t>(owed.callbacks))
      .number("failing", static_cast<std::int64_t>(owed.failing));
  if (owed.oldest_upload) json.text("oldest_upload", time_text(*owed.oldest_upload));
  return json;
}

}  // namespace rec
