// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/web_metrics.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <span>
#include <vector>

#include "core/service/catalogue_sql.h"
#include "core/service/recording_timeline.h"
#include "core/service/running_recordings.h"

namespace rec {
namespace {

constexpr int kMostTimelines = 100;     // of running recordings without HLS, whose gaps are counted
constexpr int kLatestDeliveries = 500;  // that say how long files took to become available

double length_of(Nanoseconds time) { return std::chrono::duration<double>(time).count(); }
double seconds(std::int64_t microseconds) { return static_cast<double>(microseconds) / 1e6; }

// What Prometheus reads: a family of values that differ by one label.
class MetricText {
 public:
  MetricText &family(const char *name, const char *type, const char *help) {
    name_ = std::string("gst_recording_") + name;
    text_ += "# HELP " + name_ + " " + help + "\n# TYPE " + name_ + " " + type + "\n";
    return *this;
  }
  MetricText &value(double number, const std::string &label = "", const std::string &of = "",
                    const char *suffix = "") {
    char digits[40];
    std::snprintf(digits, sizeof digits, "%.15g", number);
    text_ += name_ + suffix + (label.empty() ? "" : "{" + label + "=\"" + escaped(of) + "\"}") + " " +
             digits + "\n";
    return *this;
  }
  std::string take() { return std::move(text_); }

 private:
  static std::string escaped(const std::string &value) {
    std::string out;
    for (const char c : value) {
      if (c == '"' || c == '\\') out += '\\';
      if (c == '\n')
        out += "\\n";
      else
        out += c;
    }
    return out;
  }
  std::string name_, text_;
};

struct Owing {
  std::string target;
  std::int64_t count = 0, bytes = 0, age_us = 0, failing = 0;
};

Result<std::vector<Owing>> owed_by_target(SqlDatabase &db, const char *kind, std::int64_t now_us) {
  REC_TRY(auto query,
          db.prepare("SELECT o.target, count(*), coalesce(sum(coalesce(f.size_bytes, s.size_bytes, 0)), "
                     "0), ?2 - min(o.created_us), count(CASE WHEN o.attempts > 0 THEN 1 END) FROM outbox o "
                     "LEFT JOIN file f ON "
                     "f.id = o.file_id LEFT JOIN segment s ON s.id = o.segment_id WHERE o.kind = ?1 AND "
                     "o.done_us IS NULL GROUP BY o.target ORDER BY o.target"));
  REC_CHECK(query.bind_all(kind, now_us));
  return query.rows([](const SqlStatement &row) {
    return Owing{row.text(0), row.int64(1), row.int64(2), std::max<std::int64_t>(0, row.int64(3)),
                 row.int64(4)};
  });
}

struct OwingFamily {
  const char *name, *help;
  double (*value)(const Owing &one);
};
constexpr OwingFamily kUploads[] = {
    {"upload_backlog", "Uploads that are owed to a store.",
     [](const Owing &one) { return static_cast<double>(one.count); }},
    {"upload_backlog_bytes", "Bytes of what is owed to a store.",
     [](const Owing &one) { return static_cast<double>(one.bytes); }},
    {"upload_backlog_oldest_seconds", "For how long the oldest upload has been owed.",
     [](const Owing &one) { return seconds(one.age_us); }},
    {"upload_failing", "Uploads owed to a store that have failed at least once.",
     [](const Owing &one) { return static_cast<double>(one.failing); }},
};
constexpr OwingFamily kCallbacks[] = {
    {"callback_backlog", "Callbacks that are owed to a receiver.",
     [](const Owing &one) { return static_cast<double>(one.count); }},
    {"callback_backlog_oldest_seconds", "For how long the oldest callback has been owed.",
     [](const Owing &one) { return seconds(one.age_us); }},
    {"callback_failing", "Callbacks owed to a receiver that have failed at least once.",
     [](const Owing &one) { return static_cast<double>(one.failing); }},
};

void say_owed(MetricText &out, std::span<const OwingFamily> families, const char *label,
              const std::vector<Owing> &owing) {
  for (const OwingFamily &family : families) {
    out.family(family.name, "gauge", family.help);
    for (const Owing &one : owing) out.value(family.value(one), label, one.target);
  }
}

// Media of which no store has a copy: what is owed, and what is written into files that are not closed.
Result<double> unpersisted_seconds(SqlDatabase &db, std::int64_t now_us) {
  REC_TRY(
      auto query,
      db.prepare(
          "SELECT (SELECT coalesce(sum(coalesce(f.duration_ns, s.duration_ns, 0)) / 1000, 0) FROM outbox o "
          "LEFT JOIN file f ON f.id = o.file_id AND f.format <> 'hls' LEFT JOIN segment s ON s.id = "
          "o.segment_id WHERE o.kind = 'upload' AND o.done_us IS NULL AND o.backfill = 0) + "
          "(SELECT coalesce(sum(?1 - f.started_us), 0) FROM file f JOIN recording r ON r.id = "
          "f.recording_id WHERE f.state = 'open' AND f.format <> 'hls' AND r.store <> '')"));
  REC_CHECK(query.bind_all(now_us));
  REC_TRY(const auto sums, query.rows(int64_in_row));
  return sums.empty() ? 0.0 : std::max(0.0, seconds(sums.front()));
}

Result<std::vector<std::int64_t>> times_to_available(SqlDatabase &db) {
  REC_TRY(auto query,
          db.prepare("SELECT d.at_us - f.ended_us FROM (SELECT owed_id, at_us FROM delivery WHERE kind = "
                     "'upload' AND error = '' ORDER BY id DESC LIMIT ?1) d JOIN outbox o ON o.id = "
                     "d.owed_id JOIN file f ON f.id = o.file_id WHERE f.ended_us IS NOT NULL"));
  REC_CHECK(query.bind_all(std::int64_t{kLatestDeliveries}));
  // The wall clock of media is an estimate: a file may seem to end after it was stored.
  REC_TRY(auto times,
          query.rows([](const SqlStatement &row) { return std::max<std::int64_t>(0, row.int64(0)); }));
  std::sort(times.begin(), times.end());
  return times;
}

// Of HLS the sums that are kept; recordings without it have few files.
Result<std::map<std::string, double>> gaps_by_reason(Catalogue &catalogue, const RunningRecordings &running) {
  std::map<std::string, double> gaps;
  int looked_at = 0;
  for (const RunningRecording &one : running.recordings) {
    for (const auto &[reason, sum] : one.progress.gaps) gaps[reason] += length_of(sum.length);
    if (one.progress.recorded_until) {
      if (one.recording.state == RecordingState::paused && running.at > *one.progress.recorded_until)
        gaps["interruption"] += length_of(running.at - *one.progress.recorded_until);  // so far
      continue;
    }
    if (++looked_at > kMostTimelines) continue;
    REC_TRY(const auto spans, timeline_of(catalogue, one.recording.id));
    for (const TimelineSpan &span : spans)
      if (span.kind == SpanKind::gap) gaps[span.reason] += length_of(span.end - span.start);
  }
  return gaps;
}

void say_running(MetricText &out, const RunningRecordings &running) {
  std::map<std::string, double> states{{"recording", 0}, {"paused", 0}};
  std::map<std::string, double> dropped;
  Nanoseconds lag{0};
  for (const RunningRecording &one : running.recordings) {
    ++states[std::string(name_of(one.recording.state))];
    if (one.recording.state == RecordingState::recording)
      lag = std::max<Nanoseconds>(lag, running.at - one.last_media());
    for (const auto &[drop, frames] : one.progress.counted.drops)
      dropped[drop.second] += static_cast<double>(frames);
  }
  out.family("recordings", "gauge", "Recordings that are not finished.");
  for (const auto &[state, count] : states) out.value(count, "state", state);
  out.family("ingest_lag_seconds", "gauge",
             "Since when nothing came for the running recording that waits longest, as counted every 5 s.");
  out.value(length_of(lag));
  out.family("dropped_frames", "gauge", "Frames of running recordings that were not stored, by why.");
  for (const auto &[reason, frames] : dropped) out.value(frames, "reason", reason);
}

void say_available(MetricText &out, const std::vector<std::int64_t> &sorted) {
  out.family("time_to_available_seconds", "summary",
             "From a file's last frame to its being in the store, of the latest uploads.");
  double sum = 0;
  for (const std::int64_t time : sorted) sum += seconds(time);
  for (const auto &[quantile, name] : {std::pair(0.5, "0.5"), std::pair(0.99, "0.99")})
    if (!sorted.empty())
      out.value(seconds(sorted[static_cast<std::size_t>(quantile * static_cast<double>(sorted.size() - 1))]),
                "quantile", name);
  out.value(sum, "", "", "_sum").value(static_cast<double>(sorted.size()), "", "", "_count");
}

Status say_jobs(MetricText &out, SqlDatabase &db) {
  REC_TRY(
      auto query,
      db.prepare("SELECT count(CASE WHEN lease = '' THEN 1 END), count(CASE WHEN lease <> '' THEN 1 END), "
                 "(SELECT count(*) FROM job WHERE done_us IS NOT NULL AND last_error <> '') FROM job "
                 "WHERE done_us IS NULL"));
  REC_CHECK(query.step());
  out.family("jobs", "gauge", "What is to be run on recordings, and what was given up.")
      .value(static_cast<double>(query.int64(0)), "state", "waiting")
      .value(static_cast<double>(query.int64(1)), "state", "running")
      .value(static_cast<double>(query.int64(2)), "state", "failed");
  return ok();
}

}  // namespace

Status WebMetrics::count_pushes(SqlDatabase &db) {
  if (!last_push_) {
    REC_TRY(auto newest, db.prepare("SELECT coalesce(max(id), 0) FROM push"));
    REC_TRY(const auto ids, newest.rows(int64_in_row));
    last_push_ = ids.empty() ? 0 : ids.front();
  }
  REC_TRY(auto query,
          db.prepare("SELECT template, count(*), max(id) FROM push WHERE id > ?1 GROUP BY template"));
  REC_CHECK(query.bind_all(*last_push_));
  return query.each_row([&](const SqlStatement &row) {
    pushes_[row.text(0)] += row.int64(1);
    last_push_ = std::max(*last_push_, row.int64(2));
  });
}

Result<std::string> WebMetrics::text(Catalogue &catalogue) {
  SqlDatabase &db = catalogue.connection();
  const std::int64_t now_us = us(catalogue.clock().now_utc());
  REC_TRY(const RunningRecordings running, running_recordings(catalogue));
  REC_TRY(const auto uploads, owed_by_target(db, "upload", now_us));
  REC_TRY(const auto callbacks, owed_by_target(db, "callback", now_us));
  REC_TRY(const double unpersisted, unpersisted_seconds(db, now_us));
  REC_TRY(const auto available, times_to_available(db));
  REC_TRY(const auto gaps, gaps_by_reason(catalogue, running));
  REC_CHECK(count_pushes(db));
  MetricText out;
  say_running(out, running);
  out.family("unpersisted_seconds", "gauge", "Seconds of media that no store has yet.").value(unpersisted);
  out.family("gap_seconds", "gauge", "Seconds without media in running recordings, by what caused them.");
  for (const auto &[reason, length] : gaps) out.value(length, "reason", reason);
  say_owed(out, kUploads, "store", uploads);
  say_owed(out, kCallbacks, "callback", callbacks);
  say_available(out, available);
  REC_CHECK(say_jobs(out, db));
  out.family(
      "rules_matched_total", "counter",
      "Pushes since the start of this server, by the template that their rule names; none: not recorded.");
  for (const auto &[name, count] : pushes_) out.value(static_cast<double>(count), "template", name);
  return out.take();
}

}  // namespace rec
