// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/recording_timeline.h"

#include <algorithm>
#include <map>

#include "core/model/recorded_spans.h"
#include "core/service/catalogue_events.h"
#include "core/service/catalogue_sql.h"
#include "core/service/recording_search.h"

namespace rec {
namespace {

constexpr int kRecordingsAtOnce = 1'000;
constexpr Seconds kExceptionNear{2};  // how long after a gap what caused it may be told

RecordedPiece piece_in_row(const SqlStatement &row) {
  RecordedPiece piece;
  piece.start = utc(row.int64(0));
  piece.end = std::max(piece.start, utc(row.int64(1)));
  piece.duration = Nanoseconds(row.int64(2));
  piece.after_break = row.int64(3) != 0;
  return piece;
}

Result<std::vector<RecordedPiece>> pieces(SqlDatabase &db, std::string_view sql, std::int64_t recording_id) {
  REC_TRY(auto query, db.prepare(sql));
  REC_CHECK(query.bind_all(recording_id));
  return query.rows(piece_in_row);
}

// Of single files those of the format that has most; what is being written lasts until now.
Result<std::vector<RecordedPiece>> pieces_of_files(SqlDatabase &db, std::int64_t recording_id, UtcTime now) {
  REC_TRY(
      auto query,
      db.prepare("SELECT started_us, CASE state WHEN 'open' THEN ?2 ELSE coalesce(ended_us, started_us) END, "
                 "CASE state WHEN 'open' THEN (?2 - started_us) * 1000 ELSE duration_ns END, 0 FROM file "
                 "WHERE recording_id = ?1 AND state <> 'failed' AND expired = 0 AND part < 2 AND format = "
                 "(SELECT format FROM file WHERE recording_id = ?1 AND state <> 'failed' AND expired = 0 AND "
                 "format <> "
                 "'hls' "
                 "GROUP BY format ORDER BY sum(duration_ns) DESC, format LIMIT 1) ORDER BY started_us, id"));
  REC_CHECK(query.bind_all(recording_id, us(now)));
  return query.rows(piece_in_row);
}

Result<std::vector<RecordedPiece>> pieces_of(Catalogue &catalogue, std::int64_t recording_id) {
  SqlDatabase &db = catalogue.connection();
  REC_TRY(
      auto own,
      pieces(db,
             "SELECT started_us, started_us + duration_ns / 1000, duration_ns, discontinuity FROM "
             "segment WHERE recording_id = ?1 AND duration_ns > 0 AND NOT EXISTS (SELECT 1 FROM file WHERE "
             "recording_id = ?1 AND format = 'hls' AND expired = 1) ORDER BY started_us, id",
             recording_id));
  if (!own.empty()) return own;
  REC_TRY(auto shared, pieces(db,
                              "SELECT s.started_us, s.started_us + s.duration_ns / 1000, s.duration_ns, "
                              "s.discontinuity FROM clip_segment c JOIN segment s ON s.id = c.segment_id "
                              "WHERE c.recording_id = ?1 AND s.duration_ns > 0 ORDER BY c.position",
                              recording_id));
  if (!shared.empty()) return shared;
  return pieces_of_files(db, recording_id, catalogue.clock().now_utc());
}

// Cuts `spans` to what lies between both times and appends that behind what is there already.
void append(std::vector<TimelineSpan> &timeline, const std::vector<TimelineSpan> &spans, UtcTime from,
            UtcTime to) {
  for (TimelineSpan span : spans) {
    const UtcTime start = std::max({span.start, from, timeline.empty() ? from : timeline.back().end});
    span.media_start += span.kind == SpanKind::media ? start - span.start : Nanoseconds{0};
    span.start = start;
    span.end = std::min(span.end, to);
    if (span.end > span.start) timeline.push_back(std::move(span));
  }
}

}  // namespace

Result<std::string> reason_of_gap(SqlDatabase &db, std::int64_t recording_id, UtcTime from, UtcTime to) {
  REC_TRY(auto query,
          db.prepare("SELECT detail FROM outbox WHERE recording_id = ?1 AND kind = 'callback' AND "
                     "event = 'exception' AND created_us BETWEEN ?2 AND ?3 ORDER BY id LIMIT 1"));
  REC_CHECK(query.bind_all(recording_id, us(from), us(to + kExceptionNear)));
  REC_TRY(const bool is_told, query.step());
  const auto exception = is_told ? exception_in(query.text(0)) : std::nullopt;
  return std::string(exception ? meaning_of(exception->report.type) : "interruption");
}

namespace {

// Of a recording with these pieces.
Result<std::vector<TimelineSpan>> timeline_of_pieces(Catalogue &catalogue, const Recording &recording,
                                                     const std::vector<RecordedPiece> &recorded) {
  const std::int64_t recording_id = recording.id;
  const UtcTime now = catalogue.clock().now_utc();
  std::vector<RecordedSpan> spans = spans_of(recorded);
  // While it is paused nobody knows whether it goes on: so far there is nothing.
  if (recording.state == RecordingState::paused && !spans.empty() && spans.back().end < now)
    spans.push_back({.has_media = false, .start = spans.back().end, .end = now});
  std::vector<TimelineSpan> timeline;
  for (const RecordedSpan &span : spans) {
    TimelineSpan one{.kind = span.has_media ? SpanKind::media : SpanKind::gap,
                     .start = span.start,
                     .end = span.end,
                     .media_start = span.media_start,
                     .recording_id = recording_id};
    if (!span.has_media) {
      REC_TRY(one.reason, reason_of_gap(catalogue.connection(), recording_id, span.start, span.end));
    }
    timeline.push_back(std::move(one));
  }
  return timeline;
}

// The segments of many, with one query: a day of a stream may have a thousand recordings.
Result<std::map<std::int64_t, std::vector<RecordedPiece>>> segments_of(SqlDatabase &db,
                                                                       const std::vector<Recording> &all) {
  std::map<std::int64_t, std::vector<RecordedPiece>> pieces;
  if (all.empty()) return pieces;
  std::string ids;
  for (const Recording &one : all) ids += (ids.empty() ? "" : ", ") + std::to_string(one.id);
  REC_TRY(auto query, db.prepare("SELECT started_us, started_us + duration_ns / 1000, duration_ns, "
                                 "discontinuity, recording_id FROM segment WHERE recording_id IN (" +
                                 ids + ") AND duration_ns > 0 ORDER BY recording_id, started_us, id"));
  REC_CHECK(
      query.each_row([&](const SqlStatement &row) { pieces[row.int64(4)].push_back(piece_in_row(row)); }));
  return pieces;
}

}  // namespace

Result<std::vector<TimelineSpan>> timeline_of(Catalogue &catalogue, std::int64_t recording_id) {
  REC_TRY(const Recording recording, catalogue.recording(recording_id));
  REC_TRY(const auto recorded, pieces_of(catalogue, recording_id));
  return timeline_of_pieces(catalogue, recording, recorded);
}

Result<std::vector<TimelineSpan>> timeline_of(Catalogue &catalogue, const PushIdentity &stream, UtcTime from,
                                              UtcTime to) {
  RecordingFilter filter;
  filter.domain = stream.domain;
  filter.app = stream.app;
  filter.stream = stream.stream;
  filter.source = RecordingSource::push;
  filter.from = from;
  filter.to = to;
  filter.oldest_first = true;
  std::vector<TimelineSpan> timeline;
  std::string after;
  do {
    REC_TRY(const RecordingPage page, search_recordings(catalogue, filter, kRecordingsAtOnce, after));
    REC_TRY(auto segments, segments_of(catalogue.connection(), page.recordings));
    for (const Recording &recording : page.recordings) {
      std::vector<RecordedPiece> recorded = std::move(segments[recording.id]);
      if (recorded.empty()) {
        REC_TRY(recorded, pieces_of(catalogue, recording.id));
      }
      REC_TRY(const auto spans, timeline_of_pieces(catalogue, recording, recorded));
      const bool is_apart =
          !timeline.empty() && !spans.empty() && spans.front().start - timeline.back().end > kShortestGap;
      if (is_apart) {
        TimelineSpan between{.kind = SpanKind::gap, .start = timeline.back().end, .end = spans.front().start};
        between.reason = "not recorded";
        append(timeline, {between}, from, to);
      }
      append(timeline, spans, from, to);
    }
    after = page.next;
  } while (!after.empty());
  return timeline;
}

}  // namespace rec
