// SPDX-License-Identifier: LGPL-2.1-or-later
// What is asked of a catalogue with very many recordings costs what it costs with few. REC_LONG=1: a million,
// and how long that takes is printed.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "core/service/expiry.h"
#include "core/service/housekeeper.h"
#include "core/service/recording_search.h"
#include "core/service/recording_timeline.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_clock.h"
#include "tests/common/temp_dir.h"

namespace rec {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the row builders

// The steps of SQLite's virtual machine that statements of all connections took, also of those opened later.
class SqlSteps {
 public:
  SqlSteps() { sqlite3_auto_extension(reinterpret_cast<void (*)()>(&SqlSteps::watch)); }
  ~SqlSteps() { sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&SqlSteps::watch)); }
  SqlSteps(const SqlSteps &) = delete;
  SqlSteps &operator=(const SqlSteps &) = delete;

  // That `ask` takes.
  template <typename Ask>
  static std::int64_t of(Ask ask) {
    const std::int64_t before = steps_;
    ask();
    return steps_ - before;
  }

 private:
  static int watch(sqlite3 *db, const char **, const void *) {
    return sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, &SqlSteps::add, nullptr);
  }
  static int add(unsigned, void *, void *statement, void *) {
    steps_ += sqlite3_stmt_status(static_cast<sqlite3_stmt *>(statement), SQLITE_STMTSTATUS_VM_STEP, 1);
    return 0;
  }
  static inline std::int64_t steps_ = 0;  // all on one thread
};

bool is_long() { return std::getenv("REC_LONG") != nullptr; }  // NOLINT(concurrency-mt-unsafe): one thread

constexpr int kBusy = 1'000;

// An hour each, one a minute, ten of each stream, with six segments; the newest one ends now. Beside the
// newest as many of one stream.
class ManyRecordings {
 public:
  explicit ManyRecordings(int count) : count_(count) {
    const std::string first =
        std::to_string((clock_.now_utc() - std::chrono::minutes(count_ + 59)).time_since_epoch().count());
    SqlDatabase &db = catalogue_.connection();
    EXPECT_TRUE(db.transaction([&]() -> Status {
      REC_CHECK(db.run(
          "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
          std::to_string(count_) +
          ") INSERT INTO recording (session_id, domain, app, stream, stream_param, template, state, owner, "
          "splice_timeout_ns, started_us, active_us, ended_us, playlist_path, directory, store, formats) "
          "SELECT 's' || i, 'd', 'live', 'cam' || (i % " +
          std::to_string(count_ / 10) + "), '', 't', 'finished', '', 0, " + first + " + i * 60000000, 0, " +
          first + " + i * 60000000 + 3600000000, '', '/none', '', 'hls' FROM n"));
      REC_CHECK(db.run_with(
          "INSERT INTO recording (session_id, domain, app, stream, stream_param, template, state, owner, "
          "splice_timeout_ns, started_us, active_us, ended_us, playlist_path, directory, store, formats) "
          "SELECT 'b' || session_id, domain, app, 'busy', '', template, state, '', 0, started_us, 0, "
          "ended_us, "
          "'', directory, '', formats FROM recording WHERE id > ?1",
          std::int64_t{count_ - kBusy}));
      return db.run(
          "INSERT INTO segment (recording_id, path, uri, sequence, started_us, duration_ns, size_bytes, "
          "discontinuity) SELECT id, '/none/' || id || '/' || k, k, k, started_us + k * 600000000, "
          "600000000000, 1000, 0 FROM recording, (SELECT 0 AS k UNION ALL SELECT 1 UNION ALL SELECT 2 UNION "
          "ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5) AS six");
    }));
  }

  void list() { search({}, 10); }
  void find_stream(int i) { search({.domain = "d", .app = "live", .stream = stream(i)}, 10); }
  void find_busy_stream() { search({.domain = "d", .app = "live", .stream = "busy"}, 10); }
  void draw_busy_stream(int hours) {
    const auto timeline =
        timeline_of(catalogue_, {.domain = "d", .app = "live", .stream = "busy", .stream_param = ""},
                    clock_.now_utc() - std::chrono::hours(hours), clock_.now_utc());
    ASSERT_TRUE(timeline);
    EXPECT_FALSE(timeline->empty());
  }
  void find_in_time(int i) {
    const UtcTime from = clock_.now_utc() - std::chrono::minutes(count_ - 10 * (i + 1));
    search({.from = from, .to = from + std::chrono::minutes(1)}, 10);
  }
  void find_one(int i) {
    const std::string id = "s" + std::to_string(i + 1);
    EXPECT_EQ(recording_named(catalogue_, id)->session_id, id);
  }
  void find_running() { search({.state = RecordingState::recording}, 0); }
  void draw(int i) {
    const UtcTime from = clock_.now_utc() - std::chrono::minutes(1'500);
    const auto timeline =
        timeline_of(catalogue_, {.domain = "d", .app = "live", .stream = stream(i), .stream_param = ""}, from,
                    clock_.now_utc());
    ASSERT_TRUE(timeline);
    EXPECT_FALSE(timeline->empty());
  }

  int count() const { return count_; }
  const FakeClock &clock() const { return clock_; }
  Catalogue &catalogue() { return catalogue_; }
  std::string path() const { return dir_ / "catalogue.db"; }

 private:
  // Of the recording that began that many minutes before the newest.
  std::string stream(int minutes) const { return "cam" + std::to_string((count_ - minutes) % (count_ / 10)); }
  void search(const RecordingFilter &filter, std::size_t expected) {
    const auto page = search_recordings(catalogue_, filter, 10);
    ASSERT_TRUE(page) << page.error().message;
    EXPECT_EQ(page->recordings.size(), expected);
  }

  const int count_;
  TempDir dir_;
  FakeClock clock_;
  Catalogue catalogue_ = *Catalogue::open(dir_ / "catalogue.db", clock_);
};

struct Question {
  const char *name;
  void (*ask)(ManyRecordings &, int i);
};
constexpr Question kQuestions[] = {
    {"a stream", [](ManyRecordings &m, int i) { m.find_stream(i); }},
    {"a time", [](ManyRecordings &m, int i) { m.find_in_time(i); }},
    {"an id", [](ManyRecordings &m, int i) { m.find_one(i); }},
    {"what is recorded", [](ManyRecordings &m, int) { m.find_running(); }},
    {"a timeline", [](ManyRecordings &m, int i) { m.draw(i); }},
    {"a stream of 1,000 recordings", [](ManyRecordings &m, int) { m.find_busy_stream(); }},
    {"its timeline of an hour", [](ManyRecordings &m, int) { m.draw_busy_stream(1); }},
    {"its timeline of a day", [](ManyRecordings &m, int) { m.draw_busy_stream(24); }},
    {"the newest", [](ManyRecordings &m, int) { m.list(); }},
};

// The 99th of a hundred, in milliseconds.
double p99_ms(ManyRecordings &many, const Question &question) {
  const SystemClock clock;
  std::vector<double> times;
  for (int i = 0; i < 100; ++i) {
    const Nanoseconds began = clock.monotonic();
    question.ask(many, i);
    times.push_back(std::chrono::duration<double, std::milli>(clock.monotonic() - began).count());
  }
  std::sort(times.begin(), times.end());
  return times[98];
}

// Counting stops at kMostCounted: from there on no answer grows with what is in the catalogue.
TEST(LargeCatalogue, AnswersInAsManyStepsAsASmallerOne) {
  const SqlSteps steps;
  ManyRecordings some(10'000), many(is_long() ? 1'000'000 : 40'000);
  for (const Question &question : kQuestions) {
    const std::int64_t of_some = SqlSteps::of([&] { question.ask(some, 7); });
    const std::int64_t of_many = SqlSteps::of([&] { question.ask(many, 7); });
    EXPECT_LT(of_many, 2 * of_some + 1'000) << question.name;
    if (is_long())
      std::printf("%s of %d: p99 %.2f ms\n", question.name, many.count(), p99_ms(many, question));
  }
}

TEST(LargeCatalogue, ExpiresManyAtOnce) {
  ManyRecordings many(is_long() ? 1'000'000 : 10'000);
  const int gone = many.count() / 10;
  Destinations destinations;
  destinations.retention["t"].age = Seconds(60 * (many.count() - gone));
  auto housekeeper = *Housekeeper::create(many.path(), destinations, many.clock());
  const SystemClock clock;
  const Nanoseconds began = clock.monotonic();
  const auto report = housekeeper.work_once(many.catalogue());
  ASSERT_TRUE(report) << report.error().message;
  std::printf("%d of %d expired in %.1f s\n", gone, many.count(),
              std::chrono::duration<double>(clock.monotonic() - began).count());
  EXPECT_NEAR(static_cast<double>(report->expired), gone, 2);
  EXPECT_EQ(report->removed, report->expired);
  EXPECT_TRUE(search_recordings(many.catalogue(), {.session_id = "s1"}, 10)->recordings.empty());
  EXPECT_EQ(search_recordings(many.catalogue(), {.session_id = "s" + std::to_string(gone + 5)}, 10)->total,
            1U);
}

// A format that every recording of the template lacks is no reason to look at them once a minute.
TEST(LargeCatalogue, LooksOnceForFormatsThatExpire) {
  const SqlSteps steps;
  ManyRecordings many(10'000);
  const RetentionPolicies policies = {
      {"t", {.formats = {{Format::flv, Seconds(1)}, {Format::hls, std::chrono::days(7)}}}}};
  const auto look = [&] { ASSERT_TRUE(expire(many.catalogue(), policies, free_bytes_of)); };
  EXPECT_GT(SqlSteps::of(look), 10'000);
  EXPECT_LT(SqlSteps::of(look), 1'000);
}

}  // namespace
}  // namespace rec
