// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/recording_quality.h"

#include <algorithm>
#include <map>
#include <vector>

#include "core/model/quality.h"
#include "core/model/recorded_spans.h"
#include "core/service/catalogue_progress.h"
#include "core/service/catalogue_sql.h"
#include "core/service/recording_timeline.h"

namespace rec {
namespace {

// When it was recorded, and how it lies.
struct Piece {
  RecordedPiece time;
  std::optional<MediaSpread> spread;
};

Piece piece_in_row(const SqlStatement &row) {
  Piece piece;
  piece.time.start = utc(row.int64(0));
  piece.time.end = std::max(piece.time.start, utc(row.int64(1)));
  piece.time.duration = Nanoseconds(row.int64(2));
  piece.time.after_break = row.int64(3) != 0;
  piece.spread = read_spread(row, 4);
  return piece;
}

Result<std::vector<Piece>> select_pieces(SqlDatabase &db, const std::string &sql, std::int64_t recording_id) {
  REC_TRY(auto query, db.prepare(sql));
  REC_CHECK(query.bind_all(recording_id));
  return query.rows(piece_in_row);
}

Result<std::vector<Piece>> pieces_of(SqlDatabase &db, std::int64_t recording_id) {
  const std::string spread(kSpreadColumns);
  const std::string segment =
      "SELECT s.started_us, s.started_us + s.duration_ns / 1000, s.duration_ns, "
      "s.discontinuity, " +
      spread + " FROM ";
  REC_TRY(auto own, select_pieces(db,
                                  segment + "segment s WHERE s.recording_id = ?1 AND s.duration_ns > 0 ORDER "
                                            "BY s.started_us, s.id",
                                  recording_id));
  if (!own.empty()) return own;
  REC_TRY(auto shared,
          select_pieces(db,
                        segment + "clip_segment c JOIN segment s ON s.id = c.segment_id WHERE "
                                  "c.recording_id = ?1 AND s.duration_ns > 0 ORDER BY c.position",
                        recording_id));
  if (!shared.empty()) return shared;
  return select_pieces(
      db,
      "SELECT started_us, coalesce(ended_us, started_us), duration_ns, 0, " + spread +
          " FROM file WHERE recording_id = ?1 AND state = 'closed' AND part < 2 AND format = "
          "(SELECT format FROM file WHERE recording_id = ?1 AND state = 'closed' AND format "
          "<> 'hls' GROUP BY format ORDER BY sum(duration_ns) DESC, format LIMIT 1) ORDER BY "
          "started_us, id",
      recording_id);
}

Status add_gaps(SqlDatabase &db, std::int64_t recording_id, const std::vector<RecordedPiece> &times,
                std::vector<GapTotal> &gaps) {
  std::map<std::string, GapTotal> by_reason;
  for (const RecordedSpan &span : spans_of(times)) {
    if (span.has_media) continue;
    REC_TRY(const std::string reason, reason_of_gap(db, recording_id, span.start, span.end));
    GapTotal &total = by_reason[reason];
    total.reason = reason;
    ++total.count;
    total.time += span.end - span.start;
  }
  for (auto &[reason, total] : by_reason) gaps.push_back(std::move(total));
  return ok();
}

struct Row {
  bool is_pushed = false;
  UtcTime started;
  std::uint64_t failed_files = 0;
};

Result<Row> row_of(SqlDatabase &db, std::int64_t recording_id) {
  REC_TRY(auto query,
          db.prepare("SELECT source, started_us, (SELECT count(*) FROM file f WHERE f.recording_id "
                     "= r.id AND f.state = 'failed') FROM recording r WHERE r.id = ?1"));
  REC_CHECK(query.bind_all(recording_id));
  REC_TRY(const bool found, query.step());
  if (!found) return Error{Errc::not_found, "no recording " + std::to_string(recording_id)};
  return Row{query.text(0) == name_of(RecordingSource::push), utc(query.int64(1)),
             static_cast<std::uint64_t>(query.int64(2))};
}

Result<QualityFacts> facts_of(SqlDatabase &db, std::int64_t recording_id) {
  QualityFacts facts;
  REC_TRY(const Row row, row_of(db, recording_id));
  REC_TRY(const auto pieces, pieces_of(db, recording_id));
  REC_TRY(const RecordingProgress progress, progress_of(db, recording_id));
  std::vector<RecordedPiece> times;
  for (const Piece &piece : pieces) {
    const bool after_gap = !times.empty() && piece.time.start - times.back().end > kShortestGap;
    facts.pieces.push_back({.duration = piece.time.duration,
                            .after_break = piece.time.after_break || after_gap,
                            .spread = piece.spread});
    times.push_back(piece.time);
  }
  REC_CHECK(add_gaps(db, recording_id, times, facts.gaps));
  for (const auto &[drop, frames] : progress.counted.drops)
    facts.drops.push_back({.format = drop.first, .reason = drop.second, .frames = frames});
  facts.failed_files = row.failed_files;
  if (row.is_pushed && progress.last_media)
    facts.wall_clock = std::max<Nanoseconds>(*progress.last_media - row.started, Nanoseconds(0));
  return facts;
}

void add_offset(JsonObjectWriter &json, const char *name, const std::optional<Nanoseconds> &offset) {
  if (offset) json.number(name, offset->count());
}

JsonObjectWriter json_of(const Quality &quality) {
  std::vector<std::string> problems;
  for (const QualityProblem problem : problems_of(quality)) problems.emplace_back(name_of(problem));
  std::vector<JsonObjectWriter> gaps, drops;
  for (const GapTotal &gap : quality.gaps)
    gaps.emplace_back()
        .text("reason", gap.reason)
        .number("count", sql_int(gap.count))
        .number("length_ns", gap.time.count());
  for (const DropTotal &drop : quality.drops)
    drops.emplace_back()
        .text("format", drop.format)
        .text("reason", drop.reason)
        .number("frames", sql_int(drop.frames));
  JsonObjectWriter json;
  json.flag("clean", problems.empty())
      .text("summary", summary_of(quality))
      .texts("problems", problems)
      .number("media_ns", quality.media.count());
  if (quality.wall_clock > Nanoseconds(0)) json.number("wall_clock_ns", quality.wall_clock.count());
  json.objects("gaps", std::move(gaps)).number("splices", sql_int(quality.splices));
  add_offset(json, "audio_start_ns", quality.audio_start);
  add_offset(json, "audio_end_ns", quality.audio_end);
  add_offset(json, "audio_worst_ns", quality.audio_worst);
  json.number("keyframes", sql_int(quality.keyframes))
      .number("mean_gop_ns", quality.mean_gop.count())
      .number("longest_gop_ns", quality.longest_gop.count())
      .objects("drops", std::move(drops))
      .number("failed_files", sql_int(quality.failed_files));
  return json;
}

void dash_names(JsonValue &value) {
  for (JsonMember &member : value.members) {
    std::replace(member.name.begin(), member.name.end(), '_', '-');
    dash_names(member.value);
  }
  for (JsonValue &element : value.elements) dash_names(element);
}

}  // namespace

Status check_quality(SqlDatabase &db, std::int64_t recording_id) {
  REC_TRY(const QualityFacts facts, facts_of(db, recording_id));
  return db.run_with("UPDATE recording SET quality = ?2 WHERE id = ?1", recording_id,
                     json_of(judge_quality(facts)).to_string());
}

void add_quality(JsonObjectWriter &json, const std::string &quality) {
  if (quality.empty()) return;
  if (const auto object = parse_json(quality)) json.value("quality", *object);
}

void add_told_quality(JsonObjectWriter &json, const std::string &quality) {
  if (quality.empty()) return;
  auto object = parse_json(quality);
  if (!object) return;
  dash_names(*object);
  json.value("quality", *object);
}

std::string quality_text(const std::string &quality) {
  const auto object = parse_json(quality);
  const JsonMember *summary = object ? object->member("summary") : nullptr;
  return summary ? summary->value.string : "";
}

}  // namespace rec
