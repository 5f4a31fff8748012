// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/growing_uploads.h"

#include <gtest/gtest.h>

#include "core/model/retry_schedule.h"
#include "core/service/delivery.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_clock.h"

namespace rec {
namespace {

class GrowingUploadsTest : public testing::Test {
 protected:
  GrowingUploadsTest() : recording_(catalogue_.start_recording(test::a_recording("owner", "1"))->id) {}

  std::int64_t open(const std::string &temp_path = "/spool/.a.flv.part", bool may_be_continued = false) {
    OpenedFile file = test::an_open_file(recording_);
    file.temp_path = temp_path;
    file.goes_up_early = true;
    file.may_be_continued = may_be_continued;
    const auto id = catalogue_.open_file(file);
    EXPECT_TRUE(id);
    return *id;
  }
  ClosedFile closed(const std::string &temp_path = "/spool/.a.flv.part") {
    ClosedFile file = test::a_closed_file(recording_);
    file.temp_path = temp_path;
    return file;
  }
  // The first parts are in the store.
  void grow(std::int64_t file, const std::string &key = "a.flv") {
    EXPECT_TRUE(*rows_.take(file, "lane"));
    EXPECT_TRUE(*rows_.claim_key(file, "lane", key));
    EXPECT_TRUE(rows_.began(file, "lane", "id-1"));
    EXPECT_TRUE(rows_.sent(file, "lane", 2, "e2"));
    EXPECT_TRUE(rows_.sent(file, "lane", 3, "e3"));
    EXPECT_TRUE(rows_.release(file, "lane"));
  }
  std::vector<Owed> uploads() { return *catalogue_.take_due("uploader", test::archive(), 10); }

  test::FakeClock clock_;
  Catalogue catalogue_ = *Catalogue::open(":memory:", clock_);
  GrowingUploads rows_{catalogue_};
  const std::int64_t recording_;
};

TEST_F(GrowingUploadsTest, AFileThatGrowsIsFound) {
  const std::int64_t file = open();
  const auto due = rows_.due("archive");
  ASSERT_TRUE(due) << due.error().message;
  ASSERT_EQ(due->size(), 1U);
  EXPECT_EQ(due->front().file_id, file);
  EXPECT_EQ(due->front().path, "/spool/.a.flv.part");
  EXPECT_FALSE(due->front().is_over);
  EXPECT_TRUE(due->front().key.empty());
  EXPECT_EQ(due->front().last_part, 0U);
  EXPECT_TRUE(rows_.due("another")->empty());

  grow(file);
  const auto grown = rows_.due("archive");
  ASSERT_EQ(grown->size(), 1U);
  EXPECT_EQ(grown->front().key, "a.flv");
  EXPECT_EQ(grown->front().upload_id, "id-1");
  EXPECT_EQ(grown->front().last_part, 3U);
}

TEST_F(GrowingUploadsTest, OnlyWhatIsToGoUpEarlyAndHasAStore) {
  EXPECT_TRUE(catalogue_.open_file(test::an_open_file(recording_)));
  NewRecording without = test::a_recording("owner", "2");
  without.store.clear();
  OpenedFile file = test::an_open_file(catalogue_.start_recording(without)->id);
  file.goes_up_early = true;
  EXPECT_TRUE(catalogue_.open_file(file));
  EXPECT_TRUE(rows_.due("archive")->empty());
  EXPECT_TRUE(rows_.due("")->empty());
}

TEST_F(GrowingUploadsTest, TheUploadOfTheClosedFileGoesOnWithIt) {
  grow(open());
  ASSERT_TRUE(catalogue_.close_file(closed()));
  EXPECT_TRUE(rows_.due("archive")->empty()) << "it is the upload's now";
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto owed = uploads();
    ASSERT_EQ(owed.size(), 1U);
    ASSERT_TRUE(owed[0].grown);
    EXPECT_EQ(owed[0].grown->key, "a.flv");
    EXPECT_EQ(owed[0].grown->upload_id, "id-1");
    EXPECT_EQ(owed[0].grown->parts, (std::map<unsigned, std::string>{{2, "e2"}, {3, "e3"}}));
    if (attempt == 0)
      EXPECT_TRUE(catalogue_.retry(owed[0].id, "uploader", clock_.now_utc(), "away"));
    else
      EXPECT_TRUE(catalogue_.done(owed[0].id, "uploader", "https://store/a.flv"));
  }
  EXPECT_TRUE(rows_.due("archive")->empty()) << "nothing is left to abort";
}

TEST_F(GrowingUploadsTest, TheUploadWaitsForThePartThatIsBeingSent) {
  const std::int64_t file = open();
  ASSERT_TRUE(*rows_.take(file, "lane"));
  EXPECT_FALSE(*rows_.take(file, "another lane"));
  ASSERT_TRUE(catalogue_.close_file(closed()));
  EXPECT_TRUE(uploads().empty());
  ASSERT_TRUE(*rows_.claim_key(file, "lane", "a.flv"));
  ASSERT_TRUE(rows_.began(file, "lane", "id-1"));
  ASSERT_TRUE(rows_.sent(file, "lane", 2, "e2"));
  ASSERT_TRUE(rows_.release(file, "lane"));
  const auto owed = uploads();
  ASSERT_EQ(owed.size(), 1U);
  EXPECT_EQ(owed[0].grown->parts.size(), 1U) << "what was sent meanwhile counts";
  EXPECT_FALSE(*rows_.take(file, "lane")) << "it is the upload's now";
}

TEST_F(GrowingUploadsTest, ADeadSendersLeaseHoldsUpNobody) {
  const std::int64_t file = open();
  ASSERT_TRUE(*rows_.take(file, "dead"));
  ASSERT_TRUE(catalogue_.release_dead_leases([](const std::string &) { return false; }));
  EXPECT_TRUE(*rows_.take(file, "lane"));
}

TEST_F(GrowingUploadsTest, APartThatHangsOnItsWayDoesNotKeepTheFileFromTheBackup) {
  NewRecording with_backup = test::a_recording("owner", "2");
  with_backup.backup_store = "spare";
  const std::int64_t recording = catalogue_.start_recording(with_backup)->id;
  OpenedFile file = test::an_open_file(recording);
  file.goes_up_early = true;
  const auto id = catalogue_.open_file(file);
  ASSERT_TRUE(id && *rows_.take(*id, "lane"));
  ASSERT_TRUE(catalogue_.close_file(test::a_closed_file(recording)));

  // Another file tells that the store is away.
  const std::int64_t other = open("/spool/.b.flv.part");
  ASSERT_TRUE(catalogue_.close_file(closed("/spool/.b.flv.part")));
  const OwedTarget spare{OwedKind::upload, "spare"};
  const DeliverOne away = [&](const Owed &o, const AttemptNews &, GCancellable *) -> Result<std::string> {
    EXPECT_EQ(o.file->id, other) << "the first one's part is on its way";
    return Error{Errc::unavailable, "connection refused"};
  };
  std::vector<Owed> owed;
  for (int tries = 0; tries < 100 && owed.empty(); ++tries) {
    (void)deliver_next(catalogue_, "uploader", test::archive(), {away, upload_retry_delay}, 0, clock_,
                       nullptr);
    owed = *catalogue_.take_due("uploader", spare, 10);
    clock_.advance(Seconds(1));
  }
  ASSERT_EQ(owed.size(), 1U);
  EXPECT_EQ(owed[0].file->id, *id);
  EXPECT_FALSE(owed[0].grown) << "that is the primary's";
}

TEST_F(GrowingUploadsTest, OfARepairedFileNothingIsKnownForCertain) {
  const std::int64_t file = open();
  grow(file);
  ASSERT_TRUE(*rows_.take(file, "lane"));
  ClosedFile repaired = closed();
  repaired.repaired = true;
  ASSERT_TRUE(catalogue_.close_file(repaired));
  ASSERT_TRUE(rows_.sent(file, "lane", 4, "e4"));
  ASSERT_TRUE(rows_.release(file, "lane"));
  const auto owed = uploads();
  ASSERT_EQ(owed.size(), 1U);
  EXPECT_EQ(owed[0].grown->upload_id, "id-1") << "its parts are compared";
  EXPECT_TRUE(owed[0].grown->parts.empty());
}

TEST_F(GrowingUploadsTest, WhatNobodyWillCompleteIsOver) {
  const std::int64_t failed = open();
  grow(failed);
  ASSERT_TRUE(catalogue_.fail_file(recording_, "/spool/.a.flv.part", "too short"));
  const auto due = rows_.due("archive");
  ASSERT_EQ(due->size(), 1U);
  EXPECT_TRUE(due->front().is_over);
  EXPECT_EQ(due->front().upload_id, "id-1");
  ASSERT_TRUE(*rows_.take(failed, "lane"));
  ASSERT_TRUE(rows_.forget(failed, "lane"));
  EXPECT_TRUE(rows_.due("archive")->empty());
}

TEST_F(GrowingUploadsTest, APartOfALongerFileWaitsAndIsOverWhenItIsJoined) {
  const std::int64_t part = open("/spool/.a.flv.part", true);
  grow(part);
  ASSERT_TRUE(catalogue_.close_file(closed()));
  EXPECT_TRUE(rows_.due("archive")->empty()) << "it may stand for itself yet";
  EXPECT_TRUE(uploads().empty());
  ASSERT_TRUE(catalogue_.set_parts(99, {part}, "/spool/joined.flv"));
  EXPECT_TRUE(rows_.due("archive")->empty());
  ASSERT_TRUE(catalogue_.forget_part(part));
  const auto due = rows_.due("archive");
  ASSERT_EQ(due->size(), 1U);
  EXPECT_TRUE(due->front().is_over);
}

TEST_F(GrowingUploadsTest, APartThatNothingContinuesGoesOnToo) {
  grow(open("/spool/.a.flv.part", true));
  ASSERT_TRUE(catalogue_.close_file(closed()));
  ASSERT_TRUE(catalogue_.finish_recording(recording_, clock_.now_utc(), std::nullopt));
  const auto owed = uploads();
  ASSERT_EQ(owed.size(), 1U);
  EXPECT_EQ(owed[0].grown->parts.size(), 2U);
}

TEST_F(GrowingUploadsTest, NoTwoFilesGoUpToTheSameKey) {
  const std::int64_t first = open();
  const std::int64_t second = open("/spool/.b.flv.part");
  ASSERT_TRUE(*rows_.take(first, "lane"));
  ASSERT_TRUE(*rows_.take(second, "lane"));
  EXPECT_TRUE(*rows_.claim_key(first, "lane", "a.flv"));
  EXPECT_TRUE(*rows_.claim_key(first, "lane", "a.flv")) << "again, after a crash";
  EXPECT_FALSE(*rows_.claim_key(second, "lane", "a.flv"));
}

TEST_F(GrowingUploadsTest, AFailureIsTriedAgainLater) {
  const std::int64_t file = open();
  grow(file);
  ASSERT_TRUE(*rows_.take(file, "lane"));
  ASSERT_TRUE(rows_.retry(file, "lane", clock_.now_utc() + Seconds(4)));
  EXPECT_TRUE(rows_.due("archive")->empty());
  clock_.advance(Seconds(4));
  const auto due = rows_.due("archive");
  ASSERT_EQ(due->size(), 1U);
  EXPECT_EQ(due->front().attempts, 1);
  ASSERT_TRUE(*rows_.take(file, "lane"));
  ASSERT_TRUE(rows_.begin_again(file, "lane"));
  ASSERT_TRUE(rows_.release(file, "lane"));
  EXPECT_EQ(rows_.due("archive")->front().last_part, 0U);
  EXPECT_TRUE(rows_.due("archive")->front().upload_id.empty());
}

}  // namespace
}  // namespace rec
