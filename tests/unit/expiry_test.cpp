// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/expiry.h"

#include <gtest/gtest.h>

#include "core/service/derived_recording.h"
#include "core/service/housekeeper.h"
#include "core/service/recording_search.h"
#include "core/service/removal.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_clock.h"
#include "tests/common/temp_dir.h"

namespace rec {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the row builders

constexpr std::chrono::days kDay{1};

class ExpiryTest : public testing::Test {
 protected:
  using Names = std::vector<std::string>;

  // A finished recording of a minute that began so many days ago, with a file.
  std::int64_t add(int days_ago, const std::string &template_name = "default",
                   const std::string &store = "") {
    const UtcTime start = clock_.now_utc() - days_ago * kDay - Seconds(60);
    NewRecording r = a_recording("me", std::to_string(++sessions_));
    r.template_name = template_name;
    r.started = start;
    r.directory = spool_;
    r.store = store;
    const std::int64_t id = catalogue_.start_recording(r)->id;
    const std::string name = spool_ + "/" + r.session_id;
    write_file(name + ".flv", "media");
    EXPECT_TRUE(catalogue_.open_file(an_open_file(id, name + ".part")));
    ClosedFile file = a_closed_file(id, name + ".part");
    file.path = name + ".flv";
    file.size_bytes = 1'000;
    EXPECT_TRUE(catalogue_.close_file(file));
    EXPECT_TRUE(catalogue_.finish_recording(id, start + Seconds(60), std::nullopt));
    return id;
  }
  std::uint64_t expire_all(const RetentionPolicy &policy) {
    return *expire(catalogue_, {{"default", policy}}, [this](const std::string &) { return free_; });
  }
  void remove_begun() {
    EXPECT_TRUE(Housekeeper::create(dir_ / "catalogue.db", {}, clock_)->work_once(catalogue_));
  }
  Names there() {
    Names names;
    const auto page = search_recordings(catalogue_, {.oldest_first = true}, 100);
    for (const Recording &r : page->recordings) names.push_back(r.session_id);
    return names;
  }

  TempDir dir_;
  FakeClock clock_;
  const std::string spool_ = dir_ / "spool";
  Catalogue catalogue_ = *Catalogue::open(dir_ / "catalogue.db", clock_);
  std::optional<std::uint64_t> free_ = 5'000;
  int sessions_ = 0;
};

TEST_F(ExpiryTest, GoesByAgeAndTemplate) {
  add(30);
  add(20);
  add(10);
  add(40, "other");
  EXPECT_EQ(expire_all({.age = 20 * kDay}), 2U);
  EXPECT_EQ(there(), (Names{"4", "3"}));
  EXPECT_EQ(expire_all({.age = 20 * kDay}), 0U);
}

TEST_F(ExpiryTest, GoesByCountBytesAndFreeSpace) {
  for (int day = 9; day > 0; --day) add(day);
  EXPECT_EQ(expire_all({.recordings = 7}), 2U);
  EXPECT_EQ(expire_all({.bytes = 5'000}), 2U);
  EXPECT_EQ(there(), (Names{"5", "6", "7", "8", "9"}));
  EXPECT_EQ(expire_all({.min_free_bytes = 6'500}), 0U) << "those that go make room first";
  remove_begun();
  EXPECT_EQ(expire_all({.min_free_bytes = 6'500}), 2U);
  EXPECT_EQ(there(), (Names{"7", "8", "9"}));
  remove_begun();
  free_.reset();
  EXPECT_EQ(expire_all({.min_free_bytes = 6'500}), 0U);
}

// What its push asked for counts, whether it goes on or not.
TEST_F(ExpiryTest, KeepsAClipAsLongAsTheRecordingThatItIsOf) {
  NewRecording asked = a_recording("me", "asked");
  asked.directory = spool_;
  asked.retention = Seconds(0);
  const std::int64_t for_ever = catalogue_.start_recording(asked)->id;
  const auto clip_of = [&](std::int64_t source, const std::string &name) {
    DerivedRecording clip;
    clip.session_id = name;
    clip.directory = spool_;
    clip.parts = {{.source_id = source, .from = {}, .to = {}}};
    clip.files = {{.format = Format::flv, .facts = a_closed_file(0)}};
    ASSERT_TRUE(add_derived(catalogue_, clip));
  };
  clip_of(for_ever, "of one that goes on");
  ASSERT_TRUE(catalogue_.finish_recording(for_ever, clock_.now_utc(), std::nullopt));
  clip_of(for_ever, "of one that is over");
  clip_of(add(30), "as the template says");
  clock_.advance(10'000 * kDay);
  EXPECT_EQ(expire_all({.age = kDay}), 2U);
  EXPECT_EQ(there(), (Names{"asked", "of one that goes on", "of one that is over"}));
}

TEST_F(ExpiryTest, LeavesWhatIsHeldOrRecorded) {
  const std::int64_t held = add(30);
  add(30);
  NewRecording running = a_recording("me", "3");
  running.started = clock_.now_utc() - 40 * kDay;
  ASSERT_TRUE(catalogue_.start_recording(running));
  ASSERT_TRUE(set_hold(catalogue_, held, true));
  EXPECT_EQ(expire_all({.age = kDay}), 1U);
  EXPECT_EQ(expire_all({.recordings = 1, .min_free_bytes = 1'000'000}), 0U);
  EXPECT_EQ(there(), (Names{"3", "1"}));
}

TEST_F(ExpiryTest, LeavesWhatIsStillToBeUploadedOrMerged) {
  const std::int64_t merged = add(30);
  ASSERT_TRUE(catalogue_.connection().run_with(
      "INSERT INTO job (recording_id, kind, format, next_attempt_us) VALUES (?1, 'merge', 'flv', 0)",
      merged));
  const std::int64_t uploaded = add(30, "default", "archive");
  ASSERT_TRUE(
      catalogue_.connection().run_with("UPDATE recording SET expires_us = 1 WHERE id = ?1", uploaded));
  add(30, "default", "archive");
  for (const RetentionPolicy &policy :
       {RetentionPolicy{.age = kDay},
        RetentionPolicy{.recordings = 0, .bytes = 0, .min_free_bytes = 1'000'000}})
    EXPECT_EQ(expire_all(policy), 0U) << "it may be the only copy";
  ASSERT_TRUE(catalogue_.connection().run("UPDATE outbox SET done_us = 1; UPDATE job SET done_us = 1"));
  EXPECT_EQ(expire_all({.age = kDay}), 3U);
}

TEST_F(ExpiryTest, MakesNoRoomHereByDeletingWhatAStoreHas) {
  add(2, "default", "archive");
  add(1);
  ASSERT_TRUE(catalogue_.connection().run("UPDATE outbox SET done_us = 1"));
  EXPECT_EQ(expire_all({.min_free_bytes = 1'000'000}), 1U);
  EXPECT_EQ(there(), Names{"1"});
}

TEST_F(ExpiryTest, TakesARecordingAtItsOwnTime) {
  const std::int64_t id = add(1);
  add(1);
  ASSERT_TRUE(catalogue_.connection().run_with("UPDATE recording SET expires_us = ?2 WHERE id = ?1", id,
                                               (clock_.now_utc() + kDay).time_since_epoch().count()));
  EXPECT_EQ(expire_all({}), 0U);
  clock_.advance(kDay);
  EXPECT_EQ(expire_all({}), 1U);
  EXPECT_EQ(there(), Names{"2"});
}

TEST_F(ExpiryTest, KeepsTheInformationForItsOwnTime) {
  const std::int64_t id = add(10);
  Destinations destinations;
  destinations.retention["default"] = {.age = 5 * kDay, .information = 20 * kDay};
  auto housekeeper = *Housekeeper::create(dir_ / "catalogue.db", destinations, clock_);
  auto report = *housekeeper.work_once(catalogue_);
  EXPECT_EQ(report.expired, 1U);
  EXPECT_EQ(report.removed, 1U);
  EXPECT_EQ(catalogue_.recording(id)->removal, Removal::done);
  EXPECT_FALSE(std::filesystem::exists(spool_ + "/1.flv"));
  clock_.advance(9 * kDay);
  EXPECT_EQ(housekeeper.work_once(catalogue_)->expired, 0U);
  clock_.advance(kDay);
  EXPECT_EQ(housekeeper.work_once(catalogue_)->removed, 1U);
  EXPECT_EQ(catalogue_.recording(id).error().code, Errc::not_found);
}

TEST_F(ExpiryTest, TellsWhatWouldGoAndForecasts) {
  add(10);
  add(1);
  const auto plan = plan_expiry(catalogue_, "default", {.age = 5 * kDay}, free_bytes_of);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->expired, (std::vector<Expiry>{{1, ExpiryReason::age}}));
  EXPECT_EQ(plan->forecast.bytes, 2'000U);
  EXPECT_EQ(plan->forecast.keeps, Seconds(5 * kDay));
  EXPECT_EQ(there().size(), 2U) << "nothing was done";
}

TEST(RetentionOfAConfiguration, IsTheLongestOfATemplatesFormats) {
  const auto policy_of = [](const std::string &text) {
    const auto loaded = parse_configuration(R"({"rules": [], "templates": {"t": )" + text + "}}", "c");
    EXPECT_TRUE(loaded.configuration) << (loaded.problems.empty() ? "" : loaded.problems.front());
    EXPECT_TRUE(loaded.notices.empty());
    const auto policies = loaded.configuration ? retention_of(*loaded.configuration) : RetentionPolicies{};
    return policies.contains("t") ? policies.at("t") : RetentionPolicy{};
  };
  EXPECT_EQ(policy_of(R"({"formats": {"mp4": {}}})"), RetentionPolicy{});
  EXPECT_EQ(policy_of(R"({"formats": {"mp4": {}}, "retention": "forever"})"), RetentionPolicy{});
  EXPECT_EQ(policy_of(R"({"formats": {"mp4": {}}, "retention": "2d"})").age, 2 * kDay);
  EXPECT_EQ(policy_of(R"({"formats": {"hls": {"retention": "9d"}, "mp4": {}}, "retention": "2d"})").age,
            9 * kDay);
  EXPECT_EQ(policy_of(R"({"formats": {"hls": {"retention": "9d"}, "mp4": {}, "flv": {}}, "retention": "2d"})")
                .formats,
            (std::vector<FormatAge>{{Format::flv, 2 * kDay}, {Format::mp4, 2 * kDay}}));
  EXPECT_EQ(policy_of(R"({"formats": {"mp4": {}, "flv": {"retention": "1d"}}})").formats,
            (std::vector<FormatAge>{{Format::flv, kDay}}))
      << "before a recording that is kept for ever";
  EXPECT_FALSE(policy_of(R"({"formats": {"hls": {"retention": "9d"}, "mp4": {}}})").age) << "mp4 is for ever";
  const RetentionPolicy all = policy_of(
      R"({"formats": {"mp4": {}}, "retention": {"age": "1d", "recordings": 2, "bytes": 3, "min-free": 4, "information": "5d"}})");
  EXPECT_EQ(all,
            (RetentionPolicy{
                .age = kDay, .recordings = 2, .bytes = 3, .min_free_bytes = 4, .information = 5 * kDay}));
  for (const char *wrong : {R"("x")", R"({"age": "1501d"})", R"({"recordings": 0})", R"({"bytes": -1})",
                            R"({"count": 1})", "7"}) {
    const std::string text =
        R"({"rules": [], "templates": {"t": {"formats": {}, "retention": )" + std::string(wrong) + "}}}";
    EXPECT_FALSE(parse_configuration(text, "c").configuration) << wrong;
  }
}

}  // namespace
}  // namespace rec
