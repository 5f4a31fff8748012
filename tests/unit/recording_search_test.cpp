// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/recording_search.h"

#include <gtest/gtest.h>

#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_clock.h"

namespace rec {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the row builders

class RecordingSearch : public testing::Test {
 protected:
  using Names = std::vector<std::string>;

  static UtcTime at(int minute) { return UtcTime(Seconds(1'700'000'000)) + std::chrono::minutes(minute); }

  NewRecording one(const std::string &session_id, int minute, const std::string &stream = "cam1") {
    NewRecording r = a_recording("me", session_id);
    r.push = a_push(stream);
    r.started = at(minute);
    return r;
  }
  std::int64_t add(const NewRecording &r, int minutes = 0) {
    const std::int64_t id = catalogue_.start_recording(r)->id;
    if (minutes > 0) {
      EXPECT_TRUE(catalogue_.finish_recording(id, r.started + std::chrono::minutes(minutes), std::nullopt));
    }
    return id;
  }
  void set(std::int64_t id, const std::string &assignment) {
    ASSERT_TRUE(
        catalogue_.connection().run_with("UPDATE recording SET " + assignment + " WHERE id = ?1", id));
  }
  Names found(const RecordingFilter &filter) {
    Names names;
    const auto page = search_recordings(catalogue_, filter, 100);
    if (!page) return {page.error().message};
    for (const Recording &r : page->recordings) names.push_back(r.session_id);
    EXPECT_EQ(page->total, names.size());
    EXPECT_EQ(page->next, "");
    return names;
  }

  FakeClock clock_;
  Catalogue catalogue_ = *Catalogue::open(":memory:", clock_);
};

TEST_F(RecordingSearch, FindsAllInOrderOfBeginning) {
  add(one("1", 10));
  add(one("2", 30));
  add(one("3", 20));
  EXPECT_EQ(found({}), (Names{"2", "3", "1"}));
  EXPECT_EQ(found({.oldest_first = true}), (Names{"1", "3", "2"}));
  EXPECT_EQ(search_recordings(catalogue_, {}, 1)->recordings.front().callbacks, Names{"ops"});
}

TEST_F(RecordingSearch, FindsWhatAllConditionsHoldFor) {
  NewRecording task = one("1", 0);
  task.task = "t1";
  add(task);
  NewRecording elsewhere = one("2", 1);
  elsewhere.push.domain = "other.example.org";
  add(elsewhere);
  NewRecording app = one("3", 2, "Garden_1");
  app.push.app = "vod";
  app.template_name = "night";
  add(app, 5);
  EXPECT_EQ(found({.session_id = "2"}), Names{"2"});
  EXPECT_EQ(found({.domain = "push.example.org"}), (Names{"3", "1"}));
  EXPECT_EQ(found({.app = "vod"}), Names{"3"});
  EXPECT_EQ(found({.stream = "cam1"}), (Names{"2", "1"}));
  EXPECT_EQ(found({.domain = "other.example.org", .stream = "cam1"}), Names{"2"});
  EXPECT_EQ(found({.app = "vod", .stream = "cam1"}), Names{});
  EXPECT_EQ(found({.template_name = "night"}), Names{"3"});
  EXPECT_EQ(found({.task = "t1"}), Names{"1"});
  EXPECT_EQ(found({.stream = "cam1", .task = "t1"}), Names{"1"});
  EXPECT_EQ(found({.state = RecordingState::finished}), Names{"3"});
  EXPECT_EQ(found({.state = RecordingState::recording}), (Names{"2", "1"}));
  EXPECT_EQ(found({.stream = "cam1", .state = RecordingState::finished}), Names{});
}

TEST_F(RecordingSearch, FindsPartsOfStreamNames) {
  add(one("1", 0, "Garden_1"));
  add(one("2", 1, "garden%2"));
  add(one("3", 2, "gate"));
  EXPECT_EQ(found({.stream_has = "GARDEN"}), (Names{"2", "1"}));
  EXPECT_EQ(found({.stream_has = "%"}), Names{"2"});
  EXPECT_EQ(found({.stream_has = "n_"}), Names{"1"});
}

TEST_F(RecordingSearch, FindsWhatLastedInARangeOfTime) {
  add(one("1", 0), 10);    // 0 - 10
  add(one("2", 20), 100);  // 20 - 120
  add(one("3", 130), 10);  // 130 - 140
  add(one("4", 5));        // is recorded since 5
  clock_.advance(std::chrono::minutes(150));
  EXPECT_EQ(found({.from = at(15)}), (Names{"3", "2", "4"}));
  EXPECT_EQ(found({.to = at(20)}), (Names{"4", "1"}));
  EXPECT_EQ(found({.from = at(121), .to = at(130)}), Names{"4"});
  EXPECT_EQ(found({.from = at(10), .to = at(21)}), (Names{"2", "4", "1"})) << "it lasted until then";
  EXPECT_EQ(found({.from = at(151)}), Names{}) << "what goes on lasts until now";
}

TEST_F(RecordingSearch, FindsFormatsAlsoWhileTheyAreWritten) {
  NewRecording hls = one("1", 0);
  hls.playlist_path = "/spool/1.m3u8";
  add(hls);
  const std::int64_t flv = add(one("2", 1));
  ASSERT_TRUE(catalogue_.open_file(an_open_file(flv)));
  EXPECT_EQ(found({.format = Format::hls}), Names{"1"});
  EXPECT_EQ(found({.format = Format::flv}), Names{"2"});
  EXPECT_EQ(found({.format = Format::mp4}), Names{});
  ASSERT_TRUE(catalogue_.fail_file(flv, "/spool/.a.flv.part", "no space"));
  EXPECT_EQ(found({.format = Format::flv}), Names{});
}

TEST_F(RecordingSearch, FindsWhatWasMadeOfARecording) {
  const std::int64_t source = add(one("1", 0), 10);
  NewRecording clip = one("2", 5);
  clip.source = RecordingSource::clip;
  const std::int64_t derived = add(clip, 2);
  ASSERT_TRUE(catalogue_.connection().run_with(
      "INSERT INTO derived_from (recording_id, position, source_id) VALUES (?1, 0, ?2)", derived, source));
  EXPECT_EQ(found({.derived_from = source}), Names{"2"});
  EXPECT_EQ(found({.stream = "cam2", .derived_from = source}), Names{});
  EXPECT_EQ(found({.derived_from = derived}), Names{});
  EXPECT_EQ(found({.source = RecordingSource::clip}), Names{"2"});
  EXPECT_EQ(found({.source = RecordingSource::push}), Names{"1"});
  EXPECT_EQ(found({.source = RecordingSource::merge}), Names{});
}

TEST_F(RecordingSearch, LeavesOutWhatIsRemovedUnlessAsked) {
  const std::int64_t going = add(one("1", 0), 10);
  const std::int64_t gone = add(one("2", 20), 10);
  add(one("3", 40), 10);
  set(going, "removal = 1");
  set(gone, "removal = 2");
  EXPECT_EQ(found({}), Names{"3"});
  EXPECT_EQ(found({.stream = "cam1", .with_removed = true}), (Names{"3", "2", "1"}));
  EXPECT_EQ(recording_named(catalogue_, "2")->removal, Removal::done);
  EXPECT_EQ(recording_named(catalogue_, "4").error().code, Errc::not_found);
}

TEST_F(RecordingSearch, TurnsPagesWithoutLossOrRepetition) {
  for (int i = 0; i < 9; ++i) add(one(std::to_string(i), i / 3), 1);  // three begin at the same time each
  for (const bool oldest_first : {false, true}) {
    Names all;
    std::string after;
    int pages = 0;
    do {
      const auto page =
          search_recordings(catalogue_, {.stream = "cam1", .oldest_first = oldest_first}, 2, after);
      ASSERT_TRUE(page);
      EXPECT_EQ(page->total, 9U);
      for (const Recording &r : page->recordings) all.push_back(r.session_id);
      after = page->next;
      ++pages;
    } while (!after.empty());
    EXPECT_EQ(pages, 5);
    EXPECT_EQ(all, oldest_first ? (Names{"0", "1", "2", "3", "4", "5", "6", "7", "8"})
                                : (Names{"8", "7", "6", "5", "4", "3", "2", "1", "0"}));
  }
  for (const char *wrong : {"x", "1", "1.", "1.2x", ".2", "1.99999999999999999999", "1.2'; --"})
    EXPECT_EQ(search_recordings(catalogue_, {}, 2, wrong).error().code, Errc::invalid_argument) << wrong;
}

}  // namespace
}  // namespace rec
