// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/catalogue_events.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "core/io/json.h"
#include "core/service/catalogue.h"
#include "core/service/catalogue_sql.h"

namespace rec {
namespace {

constexpr std::size_t kLongestText = 1000;  // of what is wrong, in bytes

std::string text_in(const JsonValue &object, std::string_view name) {
  const JsonMember *member = object.member(name);
  return member && member->value.kind == JsonValue::Kind::string ? member->value.string : std::string();
}

std::int64_t number_in(const JsonValue &object, std::string_view name) {
  const JsonMember *member = object.member(name);
  return member && member->value.kind == JsonValue::Kind::integer ? member->value.integer : 0;
}

bool is_of_one_kind(const RecordingException &a, const RecordingException &b) {
  return a.report.type == b.report.type && a.report.track == b.report.track && a.format == b.format;
}

struct Waiting {
  std::int64_t id;
  std::string target;
  RecordingException exception;
};

// Exceptions that nobody has tried to send: bounded by what can be wrong, because they are merged.
Result<std::vector<Waiting>> waiting_exceptions(SqlDatabase &db, std::int64_t recording_id) {
  REC_TRY(
      auto query,
      db.prepare("SELECT id, target, detail FROM outbox WHERE recording_id = ?1 AND kind = 'callback' AND "
                 "done_us IS NULL AND event = ?2 AND attempts = 0 AND lease = ''"));
  REC_CHECK(query.bind_all(recording_id, name_of(RecordingEvent::exception)));
  std::vector<Waiting> waiting;
  REC_CHECK(query.each_row([&](const SqlStatement &row) {
    if (auto exception = exception_in(row.text(2)))
      waiting.push_back({row.int64(0), row.text(1), *std::move(exception)});
  }));
  return waiting;
}

}  // namespace

std::string exception_detail(const RecordingException &exception) {
  const ExceptionReport &report = exception.report;
  JsonObjectWriter json;
  json.number("type", static_cast<std::int64_t>(report.type))
      .text("track", report.track)
      .number("occurs", report.occurs)
      .text("description", report.description.substr(0, kLongestText));
  if (exception.format) json.text("format", name_of(*exception.format));
  return json.to_string();
}

std::optional<RecordingException> exception_in(const std::string &detail) {
  const auto json = parse_json(detail);
  if (!json) return std::nullopt;
  const std::int64_t occurs =
      std::clamp<std::int64_t>(number_in(*json, "occurs"), 0, std::numeric_limits<int>::max());
  return RecordingException{.report = {.type = static_cast<ExceptionType>(number_in(*json, "type")),
                                       .track = text_in(*json, "track"),
                                       .occurs = static_cast<unsigned>(occurs),
                                       .description = text_in(*json, "description")},
                            .format = format_named(text_in(*json, "format"))};
}

std::string error_detail(const std::string &error) {
  return JsonObjectWriter().text("error", error.substr(0, kLongestText)).to_string();
}

std::string error_in(const std::string &detail) {
  const auto json = parse_json(detail);
  return json ? text_in(*json, "error") : std::string();
}

Status tell(SqlDatabase &db, std::int64_t recording_id, const Telling &what, UtcTime now) {
  const std::string gets = "recording_id = ?1 AND ',' || events || ',' LIKE ?2 AND (?3 = '' OR target = ?3)";
  const std::string pattern = "%," + std::string(name_of(what.event)) + ",%";
  REC_CHECK(db.run_with("UPDATE recording_callback SET told = told + 1 WHERE " + gets, recording_id, pattern,
                        what.only));
  return db.run_with(
      "INSERT INTO outbox (kind, target, recording_id, file_id, waits_for, created_us, next_attempt_us, "
      "event, sequence, detail) "
      "SELECT 'callback', target, recording_id, ?4, ?5, ?6, ?6, ?7, told, ?8 "
      "FROM recording_callback WHERE " +
          gets + " ORDER BY position",
      recording_id, pattern, what.only, what.file_id, what.file_id ? "upload" : "nothing", us(now),
      name_of(what.event), what.detail);
}

Status Catalogue::tell_exception(std::int64_t recording_id, const RecordingException &exception) {
  return db_.transaction([&]() -> Status {
    REC_TRY(const Recording told, recording(recording_id));
    REC_TRY(const auto waiting, waiting_exceptions(db_, recording_id));
    for (const std::string &target : told.callbacks) {
      const auto same = std::find_if(waiting.begin(), waiting.end(), [&](const Waiting &w) {
        return w.target == target && is_of_one_kind(w.exception, exception);
      });
      if (same == waiting.end()) {
        REC_CHECK(
            tell(db_, recording_id,
                 {.event = RecordingEvent::exception, .detail = exception_detail(exception), .only = target},
                 clock_->now_utc()));
        continue;
      }
      RecordingException merged = exception;
      merged.report.occurs += same->exception.report.occurs;
      REC_CHECK(
          db_.run_with("UPDATE outbox SET detail = ?2 WHERE id = ?1", same->id, exception_detail(merged)));
    }
    return ok();
  });
}

}  // namespace rec
