// SPDX-License-Identifier: LGPL-2.1-or-later
// Files of formats whose time is over before that of their recording.
#include <gtest/gtest.h>

#include "core/io/files.h"
#include "core/service/clip.h"
#include "core/service/derived_recording.h"
#include "core/service/expiry.h"
#include "core/service/fsck.h"
#include "core/service/housekeeper.h"
#include "core/service/manifest.h"
#include "core/service/recording_json.h"
#include "core/service/recording_search.h"
#include "core/service/recording_timeline.h"
#include "core/service/removal.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_bucket.h"
#include "tests/common/fake_clock.h"
#include "tests/common/temp_dir.h"

namespace rec {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the row builders

constexpr std::chrono::days kDay{1};

class FormatExpiryTest : public testing::Test {
 protected:
  using Names = std::vector<std::string>;

  FormatExpiryTest() {
    StoreSettings &store = destinations_.stores["archive"];
    store.name = "archive";
    store.uri = "s3://b";
    store.endpoint = "https://h";
    destinations_.credentials["archive"] = {"AK", "SK", ""};
    destinations_.retention["default"] = {
        .age = 30 * kDay, .formats = {{Format::flv, kDay}, {Format::mp4, 7 * kDay}, {Format::hls, 7 * kDay}}};
  }

  // Ended now, with an FLV and an MP4, an AAC that is kept as long as the recording, and HLS of two segments.
  std::int64_t add(const std::string &name, const std::string &store = "") {
    NewRecording r = a_recording("me", name);
    r.started = clock_.now_utc() - Seconds(60);
    r.directory = spool_;
    r.store = store;
    r.playlist_path = place(name, "index.m3u8");
    const std::int64_t id = catalogue_.start_recording(r)->id;
    for (const Format format : {Format::flv, Format::mp4, Format::aac}) {
      OpenedFile opened = an_open_file(id, place(name, "." + std::string(name_of(format)) + ".part"));
      opened.format = format;
      EXPECT_TRUE(catalogue_.open_file(opened));
      EXPECT_TRUE(catalogue_.close_file(
          file(id, opened.temp_path, place(name, "a." + std::string(name_of(format))))));
    }
    for (int i = 1; i <= 2; ++i) {
      NewSegment s = a_segment(id, static_cast<std::uint64_t>(i));
      s.path = place(name, std::to_string(i) + ".ts");
      s.size_bytes = 7;
      write_file(s.path, "segment");
      EXPECT_TRUE(catalogue_.add_segment(s));
    }
    EXPECT_TRUE(
        catalogue_.finish_recording(id, clock_.now_utc(), file(id, r.playlist_path, r.playlist_path)));
    return id;
  }
  ClosedFile file(std::int64_t id, const std::string &temp_path, const std::string &path) {
    write_file(path, "media");
    ClosedFile file = a_closed_file(id, temp_path);
    file.path = path;
    file.size_bytes = 5;
    return file;
  }
  std::string place(const std::string &name, const std::string &rest) const {
    return spool_ + "/" + name + "/" + rest;
  }
  void upload() {
    for (std::vector<Owed> taken; !(taken = *catalogue_.take_due("worker", archive(), 100)).empty();) {
      for (const Owed &owed : taken) {
        const std::string key = owed.path.substr(spool_.size() + 1);
        bucket_.objects[key] = "object";
        ASSERT_TRUE(catalogue_.done(owed.id, "worker", "https://h/b/" + key));
      }
    }
  }
  void describe() {
    ASSERT_TRUE(Manifests::open(path_, clock_)->write_due([] { return false; }));
  }
  HousekeepingReport keep_house() {
    auto housekeeper = *Housekeeper::create(path_, destinations_, clock_, [this](const HttpSettings &) {
      return std::make_unique<SharedHttp>(bucket_);
    });
    auto report = housekeeper.work_once(catalogue_);
    EXPECT_TRUE(report) << report.error().message;
    return report ? *report : HousekeepingReport{};
  }
  Names local(const std::string &name) const {
    Names found;
    for (const std::string &path : dir_.files())
      if (path.starts_with("spool/" + name + "/")) found.push_back(path.substr(name.size() + 7));
    return found;
  }
  Names objects(const std::string &name) const {
    Names found;
    for (const auto &[key, bytes] : bucket_.objects)
      if (key.starts_with(name + "/")) found.push_back(key.substr(name.size() + 1));
    return found;
  }
  std::string states(std::int64_t id) {
    std::string text;
    for (const StoredFile &f : *catalogue_.files(id))
      text += std::string(name_of(f.format)) + " " + std::string(name_of(f.state)) + ", ";
    return text;
  }
  std::uint64_t with_format(Format format) {
    return search_recordings(catalogue_, {.format = format}, 10)->total;
  }
  Result<Recording> clip_of(std::int64_t id, Format format = Format::hls) {
    ClipRequest request;
    request.recordings = {id};
    request.format = format;
    return make_clip(catalogue_, request);
  }

  TempDir dir_;
  FakeClock clock_;
  const std::string spool_ = dir_ / "spool";
  const std::string path_ = dir_ / "catalogue.db";
  Catalogue catalogue_ = *Catalogue::open(path_, clock_);
  Destinations destinations_;
  FakeBucket bucket_;
};

TEST_F(FormatExpiryTest, TakesEachFormatAtItsOwnTimeAndTheRecordingWithTheLast) {
  const std::int64_t id = add("a");
  clock_.advance(kDay - Seconds(1));
  EXPECT_EQ(keep_house().expired, 0U);
  clock_.advance(Seconds(1));
  EXPECT_EQ(keep_house().expired, 1U);
  EXPECT_EQ(local("a"), (Names{"1.ts", "2.ts", "a.aac", "a.mp4", "index.m3u8"}));
  EXPECT_EQ(states(id), "flv expired, mp4 closed, aac closed, hls closed, ");
  EXPECT_EQ(catalogue_.recording(id)->expired_formats, "flv");
  EXPECT_EQ(keep_house().expired, 0U) << "it is not looked at again";

  clock_.advance(6 * kDay);
  EXPECT_EQ(keep_house().expired, 1U);
  EXPECT_EQ(local("a"), Names{"a.aac"});
  const Recording left = *catalogue_.recording(id);
  EXPECT_EQ(left.expired_formats, "flv+mp4+hls");
  EXPECT_EQ(left.playlist_path, "");
  EXPECT_EQ(left.removal, Removal::none);

  clock_.advance(23 * kDay);
  EXPECT_EQ(keep_house().expired, 1U);
  EXPECT_EQ(local("a"), Names{});
  EXPECT_EQ(catalogue_.recording(id)->removal, Removal::done);
}

TEST_F(FormatExpiryTest, DeletesObjectsOfTheFormatAndDescribesWhatIsLeft) {
  add("a", "archive");
  clock_.advance(8 * kDay);
  EXPECT_EQ(keep_house().expired, 0U) << "what is not uploaded may be the only copy";
  upload();
  describe();
  upload();
  EXPECT_EQ(keep_house().expired, 1U);
  EXPECT_EQ(objects("a"), (Names{"a.aac", "manifest.json"}));
  clock_.advance(Housekeeper::kExpiryInterval);
  EXPECT_EQ(keep_house().expired, 0U) << "writes the manifest again";
  const std::string manifest = read_file(place("a", "manifest.json"));
  EXPECT_NE(manifest.find("\"flv+mp4+hls\""), std::string::npos);
  EXPECT_EQ(catalogue_.take_due("worker", archive(), 100)->size(), 1U) << "which goes up again";
  EXPECT_TRUE(check_storage(path_, {}, clock_)->empty());
}

TEST_F(FormatExpiryTest, GoesOnAfterARebuild) {
  add("a");
  clock_.advance(8 * kDay);
  describe();
  EXPECT_EQ(keep_house().expired, 1U);
  keep_house();
  const std::string rebuilt_path = dir_ / "rebuilt.db";
  ASSERT_EQ(rebuild_catalogue(rebuilt_path, {spool_}, nullptr, clock_)->recordings, 1U);
  EXPECT_TRUE(check_storage(rebuilt_path, {}, clock_)->empty());
  Catalogue rebuilt = *Catalogue::open(rebuilt_path, clock_);
  EXPECT_EQ(rebuilt.recording(1)->expired_formats, "flv+mp4+hls");
  EXPECT_EQ(*expire(rebuilt, destinations_.retention, free_bytes_of), 0U);
}

TEST_F(FormatExpiryTest, HidesWhatIsGoingBeforeItIsGone) {
  const std::int64_t id = add("a");
  clock_.advance(8 * kDay);
  ASSERT_EQ(*expire(catalogue_, destinations_.retention, free_bytes_of), 1U);
  EXPECT_EQ(local("a").size(), 6U) << "the second phase is to come";
  EXPECT_EQ(with_format(Format::mp4), 0U);
  EXPECT_EQ(with_format(Format::hls), 0U);
  EXPECT_EQ(with_format(Format::aac), 1U);
  EXPECT_EQ(clip_of(id).error().code, Errc::invalid_argument) << "it has no HLS";
  EXPECT_EQ(clip_of(id, Format::mp4).error().code, Errc::invalid_argument);
  EXPECT_EQ(timeline_of(catalogue_, id)->size(), 1U) << "that of its AAC";
}

TEST_F(FormatExpiryTest, KeepsSegmentsThatAClipNamesUntilItGoes) {
  const std::int64_t id = add("a");
  const std::int64_t clip = clip_of(id)->id;
  clock_.advance(8 * kDay);
  keep_house();
  EXPECT_EQ(catalogue_.recording(clip)->removal, Removal::none) << "a clip is kept as long as its recording";
  Names left = local("a");
  std::erase_if(left, [](const std::string &name) { return name.starts_with("clip-"); });
  EXPECT_EQ(left, (Names{"1.ts", "2.ts", "a.aac"}));
  EXPECT_EQ(timeline_of(catalogue_, id)->size(), 1U) << "that of its AAC";
  ASSERT_TRUE(begin_removal(catalogue_, clip, RemovalScope::files_and_information));
  keep_house();
  EXPECT_EQ(local("a"), Names{"a.aac"});
  EXPECT_TRUE(check_storage(path_, {}, clock_)->empty());
}

TEST_F(FormatExpiryTest, KeepsSegmentsOfAClipAlsoWhenTheRecordingGoes) {
  const std::int64_t id = add("a");
  const std::int64_t clip = clip_of(id)->id;
  clock_.advance(8 * kDay);
  keep_house();
  ASSERT_TRUE(begin_removal(catalogue_, id, RemovalScope::files));
  keep_house();
  EXPECT_EQ(named_segments(catalogue_, clip)->size(), 2U);
  EXPECT_TRUE(file_facts(place("a", "1.ts")));
  ASSERT_TRUE(begin_removal(catalogue_, clip, RemovalScope::files_and_information));
  keep_house();
  EXPECT_EQ(local("a"), Names{});
}

TEST_F(FormatExpiryTest, TakesNoClipOfWhatGoes) {
  const std::int64_t id = add("a");
  DerivedRecording clip;
  clip.session_id = "7";
  clip.directory = spool_;
  clip.parts = {{.source_id = id, .from = {}, .to = {}}};
  clip.files = {{.format = Format::hls, .facts = a_closed_file(0)}};
  clip.segments = {named_segments(catalogue_, id)->front().id};
  clock_.advance(8 * kDay);
  ASSERT_EQ(*expire(catalogue_, destinations_.retention, free_bytes_of), 1U);
  EXPECT_EQ(add_derived(catalogue_, clip).error().code, Errc::not_found)
      << "they were looked at before they began to go";
}

TEST_F(FormatExpiryTest, LeavesWhatIsHeldOrHasATimeOfItsOwn) {
  const std::int64_t held = add("held");
  const std::int64_t own = add("own");
  ASSERT_TRUE(set_hold(catalogue_, held, true));
  ASSERT_TRUE(catalogue_.connection().run_with("UPDATE recording SET expires_us = ?2 WHERE id = ?1", own,
                                               (clock_.now_utc() + 9 * kDay).time_since_epoch().count()));
  clock_.advance(8 * kDay);
  EXPECT_EQ(keep_house().expired, 0U);
  EXPECT_EQ(plan_expiry(catalogue_, "default", destinations_.retention["default"], free_bytes_of)->expired,
            std::vector<Expiry>{});
  ASSERT_TRUE(set_hold(catalogue_, held, false));
  EXPECT_EQ(keep_house().expired, 1U);
  EXPECT_EQ(catalogue_.recording(held)->expired_formats, "flv+mp4+hls");
  clock_.advance(kDay);
  EXPECT_EQ(keep_house().expired, 1U) << "all formats at the time that the push asked for";
  EXPECT_EQ(catalogue_.recording(own)->removal, Removal::done);
}

TEST_F(FormatExpiryTest, TakesARecordingWhoseLastFormatGoes) {
  destinations_.retention["default"] = {
      .formats = {{Format::flv, kDay}, {Format::mp4, kDay}, {Format::hls, kDay}, {Format::aac, kDay}}};
  const std::int64_t id = add("a");
  clock_.advance(kDay);
  EXPECT_EQ(plan_expiry(catalogue_, "default", destinations_.retention["default"], free_bytes_of)->expired,
            (std::vector<Expiry>{{.id = id}}));
  EXPECT_EQ(keep_house().expired, 1U);
  EXPECT_EQ(catalogue_.recording(id)->removal, Removal::done);
  EXPECT_EQ(catalogue_.recording(id)->expired_formats, "");
}

// Who has taken what expired before does not know of the next format.
TEST_F(FormatExpiryTest, TakesWhatExpiresWhileAnotherFormatIsBeingDeleted) {
  const std::int64_t id = add("a");
  RemovalRows other(catalogue_, "other");
  ASSERT_EQ(*begin_format_removals(catalogue_, {id}, {Format::flv}), 1U);
  ASSERT_EQ(other.take(10)->size(), 1U);
  ASSERT_EQ(*begin_format_removals(catalogue_, {id}, {Format::mp4}), 1U);
  ASSERT_TRUE(other.settle());
  EXPECT_EQ(keep_house().removed, 1U);
  EXPECT_EQ(local("a"), (Names{"1.ts", "2.ts", "a.aac", "index.m3u8"}));
}

TEST_F(FormatExpiryTest, IsToldByPlansAndForecasts) {
  const std::int64_t id = add("a");
  clock_.advance(kDay);
  const auto plan = plan_expiry(catalogue_, "default", destinations_.retention["default"], free_bytes_of);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->expired, (std::vector<Expiry>{{.id = id, .formats = {Format::flv}}}));
  EXPECT_EQ(plan->forecast.keeps, Seconds(30 * kDay));
  EXPECT_EQ(plan->forecast.formats, destinations_.retention["default"].formats);
  keep_house();
  const std::string json = json_of(*view_of(catalogue_, *catalogue_.recording(id))).to_string();
  EXPECT_NE(json.find(R"("expired_formats":"flv")"), std::string::npos) << json;
  EXPECT_NE(json.find(R"("state":"expired")"), std::string::npos) << json;
}

}  // namespace
}  // namespace rec
