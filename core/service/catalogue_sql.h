// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/io/sqlite.h"
#include "core/service/catalogue_rows.h"

// How rows become values. Only the catalogue's own sources include this.
namespace rec {

inline std::int64_t us(UtcTime t) { return t.time_since_epoch().count(); }
inline UtcTime utc(std::int64_t us_since_epoch) { return UtcTime(std::chrono::microseconds(us_since_epoch)); }
inline std::optional<UtcTime> utc(const std::optional<std::int64_t> &us_since_epoch) {
  return us_since_epoch ? std::optional(utc(*us_since_epoch)) : std::nullopt;
}
inline std::int64_t sql_int(std::uint64_t v) { return static_cast<std::int64_t>(v); }

// The columns that read_recording() and read_file() expect, in their order.
extern const std::string_view kRecordingColumns;
extern const std::string_view kFileColumns;

// The columns of file and segment that tell MediaSpread, in the order in which they are bound and read.
extern const std::string_view kSpreadColumns;
std::optional<MediaSpread> read_spread(const SqlStatement &row, int first);
// Their values, each NULL where it is not known.
struct SpreadValues {
  explicit SpreadValues(const std::optional<MediaSpread> &spread);
  std::optional<std::int64_t> keyframes, longest_gop, audio_start, audio_end;
};

Recording read_recording(const SqlStatement &row);  // without callbacks: they are rows of their own
Status read_callbacks(SqlDatabase &db, Recording &recording);
StoredFile read_file(const SqlStatement &row);

// SQL: what the expires_us of a recording row becomes whose recording ends at `ended_us`, an expression.
std::string expiry_after(const std::string &ended_us);

// Creates the tables, or brings those of an older version up to date. `path`: for errors.
Status set_up_schema(SqlDatabase &db, const std::string &path);

// Writes the upload and the callbacks that a closed file owes. Inside the caller's transaction.
Status owe_file(SqlDatabase &db, std::int64_t recording_id, std::int64_t file_id, Format format, UtcTime now);

// What went up of a file while it grew (growing_uploads.cpp). Inside the caller's transaction.
Result<std::optional<GrownUpload>> grown_upload(SqlDatabase &db, std::int64_t file_id,
                                                const std::string &target);
Status doubt_what_went_up(SqlDatabase &db, std::int64_t file_id);  // the file may have changed since
// The upload with this row is done, and so is what it was begun with, unless that had another key.
Status forget_grown(SqlDatabase &db, std::int64_t owed_id);
Status release_growing(SqlDatabase &db, const std::string &lease);

// What is to be told about a recording.
struct Telling {
  RecordingEvent event = RecordingEvent::file_finished;
  std::optional<std::int64_t> file_id = std::nullopt;  // it is told after the upload of this file
  std::string detail = {};                             // Owed::detail
  std::string only = {};                               // callback that is told; "" = all that get the event
};
// Owes it to the recording's callbacks that get this event. Inside the transaction of what is told.
Status tell(SqlDatabase &db, std::int64_t recording_id, const Telling &what, UtcTime now);

// Logs how an attempt at a row of the outbox ended, before the row says so; `error` "" = delivered.
Status log_attempt(SqlDatabase &db, std::int64_t owed_id, const std::string &error, int http_status,
                   UtcTime now);

}  // namespace rec
