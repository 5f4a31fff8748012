// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/recording_search.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "core/service/catalogue_sql.h"

namespace rec {
namespace {

// What a query asks for. Values are bound in their order: ?1, ?2 ...
struct Conditions {
  std::string where;
  std::vector<SqlValue> values;

  void add(const std::string &condition) { where += (where.empty() ? "" : " AND ") + condition; }
  // `condition` whose last '?' is where the value belongs.
  void add(std::string condition, SqlValue value) {
    values.push_back(std::move(value));
    condition.replace(condition.rfind('?'), 1, "?" + std::to_string(values.size()));
    add(condition);
  }
};

struct Equality {
  const char *column;
  const std::optional<std::string> &value;
  const char *literal;  // a condition that belongs to its index; "" = none
};

// Every search goes along one index in order of beginning: that of the column that says most, the first one
// that is asked for. The others are written so that they cannot lead the planner, which knows nothing of how
// often a value is there, to another.
void add_equalities(Conditions &conditions, const RecordingFilter &filter) {
  const Equality equalities[] = {
      {"session_id", filter.session_id, ""},
      {"task", filter.task, "task <> ''"},
      {"stream", filter.stream, ""},
      {"template", filter.template_name, ""},
      {"app", filter.app, ""},
      {"domain", filter.domain, ""},
  };
  const bool is_led = filter.derived_from.has_value();
  bool is_first = !is_led;
  for (const Equality &e : equalities) {
    if (!e.value) continue;
    if (is_first && *e.literal != '\0') conditions.add(e.literal);
    conditions.add(is_first ? std::string(e.column) + " = ?" : std::string(e.column) + " || '' = ?",
                   *e.value);
    is_first = false;
  }
  if (filter.source) {
    const bool leads = is_first && *filter.source != RecordingSource::push;
    if (leads) conditions.add("source <> 'push'");
    conditions.add(leads ? "source = ?" : "source || '' = ?", std::string(name_of(*filter.source)));
    is_first = is_first && !leads;
  }
  if (!filter.state) return;
  // Those that are recorded are few, and none of them is removed.
  if (is_first && *filter.state != RecordingState::finished) conditions.add("state <> 'finished'");
  conditions.add("state || '' = ?", std::string(name_of(*filter.state)));
}

std::string like_pattern(const std::string &part) {
  std::string pattern = "%";
  for (const char c : part) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern + "%";
}

// No recording that is older can last until `from`: none lasts longer than the longest one that has ended,
// or began earlier than the oldest one that has not.
Result<std::int64_t> oldest_that_lasts(SqlDatabase &db, UtcTime from) {
  REC_TRY(auto query,
          db.prepare("SELECT (SELECT ended_us - started_us FROM recording WHERE state = 'finished' "
                     "ORDER BY ended_us - started_us DESC LIMIT 1), (SELECT started_us FROM "
                     "recording WHERE state <> 'finished' ORDER BY started_us LIMIT 1)"));
  REC_CHECK(query.step());
  const std::int64_t longest = std::max<std::int64_t>(query.maybe_int64(0).value_or(0), 0);
  const std::int64_t of_ended = us(from) - std::min(longest, us(from));
  return std::min(of_ended, query.maybe_int64(1).value_or(of_ended));
}

Status add_times(SqlDatabase &db, Conditions &conditions, const RecordingFilter &filter, UtcTime now) {
  if (filter.to) conditions.add("started_us < ?", us(*filter.to));
  if (!filter.from) return ok();
  REC_TRY(const std::int64_t oldest, oldest_that_lasts(db, *filter.from));
  conditions.add("started_us >= ?", oldest);
  // What goes on lasts until now.
  conditions.add(*filter.from > now ? "ended_us >= ?" : "(ended_us IS NULL OR ended_us >= ?)",
                 us(*filter.from));
  return ok();
}

Result<Conditions> conditions_of(SqlDatabase &db, const RecordingFilter &filter, UtcTime now) {
  Conditions conditions;
  // A constant of its own: indexes are chosen by it.
  conditions.add(filter.with_removed ? "removal <= 2" : "removal = 0");
  if (filter.derived_from)
    conditions.add("id IN (SELECT recording_id FROM derived_from WHERE source_id = ?)", *filter.derived_from);
  add_equalities(conditions, filter);
  if (!filter.stream_has.empty())
    conditions.add("lower(stream) LIKE lower(?) ESCAPE '\\'", like_pattern(filter.stream_has));
  if (filter.format) {
    const std::string hls = *filter.format == Format::hls ? "playlist_path <> '' OR " : "";
    conditions.add("(" + hls +
                       "EXISTS (SELECT 1 FROM file f WHERE f.recording_id = recording.id AND "
                       "f.format = ? AND f.state <> 'failed' AND f.expired = 0))",
                   std::string(name_of(*filter.format)));
  }
  REC_CHECK(add_times(db, conditions, filter, now));
  return conditions;
}

// "beginning.id" of the last one of a page.
std::string cursor_of(const Recording &last) {
  return std::to_string(us(last.started)) + "." + std::to_string(last.id);
}

struct Cursor {
  std::int64_t started = 0;
  std::int64_t id = 0;
};

Result<Cursor> parse_cursor(const std::string &text) {
  Cursor cursor;
  const char *const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, cursor.started);
  if (first.ec == std::errc() && first.ptr != end && *first.ptr == '.') {
    const auto second = std::from_chars(first.ptr + 1, end, cursor.id);
    if (second.ec == std::errc() && second.ptr == end) return cursor;
  }
  return Error{Errc::invalid_argument, "this is not where a page begins"};
}

// With one query for all of them.
Status read_all_callbacks(SqlDatabase &db, std::vector<Recording> &recordings) {
  std::map<std::int64_t, Recording *> by_id;
  std::string ids;
  for (Recording &recording : recordings) {
    by_id[recording.id] = &recording;
    ids += (ids.empty() ? "" : ", ") + std::to_string(recording.id);
  }
  if (by_id.empty()) return ok();
  REC_TRY(auto query,
          db.prepare("SELECT recording_id, target FROM recording_callback WHERE recording_id IN (" + ids +
                     ") ORDER BY recording_id, position"));
  return query.each_row(
      [&](const SqlStatement &row) { by_id.at(row.int64(0))->callbacks.push_back(row.text(1)); });
}

Result<std::uint64_t> count(SqlDatabase &db, const Conditions &conditions) {
  REC_TRY(auto query, db.prepare("SELECT count(*) FROM (SELECT 1 FROM recording WHERE " + conditions.where +
                                 " LIMIT " + std::to_string(kMostCounted) + ") AS found"));
  REC_CHECK(query.bind_values(conditions.values));
  REC_CHECK(query.step());
  return static_cast<std::uint64_t>(query.int64(0));
}

}  // namespace

Result<RecordingPage> search_recordings(Catalogue &catalogue, const RecordingFilter &filter, int limit,
                                        const std::string &after) {
  SqlDatabase &db = catalogue.connection();
  REC_TRY(Conditions conditions, conditions_of(db, filter, catalogue.clock().now_utc()));
  RecordingPage page;
  REC_TRY(page.total, count(db, conditions));
  if (!after.empty()) {
    REC_TRY(const Cursor cursor, parse_cursor(after));
    conditions.add(filter.oldest_first ? "started_us >= ?" : "started_us <= ?", cursor.started);
    const std::string same = "?" + std::to_string(conditions.values.size());
    conditions.add("(started_us <> " + same + (filter.oldest_first ? " OR id > ?)" : " OR id < ?)"),
                   cursor.id);
  }
  const std::string order =
      filter.oldest_first ? " ORDER BY started_us, id" : " ORDER BY started_us DESC, id DESC";
  conditions.values.emplace_back(std::int64_t{limit} + 1);
  REC_TRY(auto query,
          db.prepare("SELECT " + std::string(kRecordingColumns) + " FROM recording WHERE " +
                     conditions.where + order + " LIMIT ?" + std::to_string(conditions.values.size())));
  REC_CHECK(query.bind_values(conditions.values));
  REC_TRY(page.recordings, query.rows(read_recording));
  if (page.recordings.size() > static_cast<std::size_t>(limit)) {
    page.recordings.pop_back();
    page.next = cursor_of(page.recordings.back());
  }
  REC_CHECK(read_all_callbacks(db, page.recordings));
  return page;
}

Result<Recording> recording_named(Catalogue &catalogue, const std::string &session_id) {
  REC_TRY(auto page, search_recordings(catalogue, {.session_id = session_id, .with_removed = true}, 1));
  if (page.recordings.empty()) return Error{Errc::not_found, "no recording " + session_id};
  return std::move(page.recordings.front());
}

}  // namespace rec
