// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/grow.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/service/store_ledger.h"
#include "tests/unit/growing_recording.h"

namespace rec {
namespace {

using test::kMiB;
using test::kPart;

class Grow : public test::GrowingRecording {
 protected:
  Grow() {
    destinations_.stores["archive"].name = "archive";
    destinations_.stores["archive"].uri = "s3://b/eu";
    destinations_.stores["archive"].endpoint = "https://h";
    destinations_.credentials["archive"] = {"AK", "SK", ""};
    destinations_.storage_classes[{"main", Format::flv}] = "archive";
  }
  void expect_stored(const std::string &key = "eu/cam/a.flv") {
    grow();
    EXPECT_EQ(bucket_.objects.size(), 1U);
    EXPECT_TRUE(bucket_.objects[key] == media_);
    EXPECT_TRUE(bucket_.uploads.empty()) << "nothing dangles";
    EXPECT_TRUE(GrowingUploads(catalogue_).due("archive")->empty());
  }
};

TEST_F(Grow, WhatIsLeftAtTheEndDoesNotDependOnTheLength) {
  open();
  for (std::size_t bytes = 16 * kMiB; bytes <= 64 * kMiB; bytes += 16 * kMiB) {
    write_until(bytes);
    grow();
    EXPECT_EQ(bucket_.part_bytes_sent, bytes < 24 * kMiB ? 0 : (bytes / kPart - 1) * kPart) << bytes;
  }
  write_until(67 * kMiB);
  grow();
  const std::uint64_t before = bucket_.part_bytes_sent;
  bucket_.log.clear();
  close();
  const auto url = deliver();
  ASSERT_TRUE(url) << url.error().message;
  EXPECT_EQ(*url, "https://h/b/eu/cam/a.flv");
  EXPECT_EQ(bucket_.log,
            (std::vector<std::string>{"GET upload", "PUT part 1", "PUT part 14", "POST upload", "HEAD"}));
  EXPECT_EQ(bucket_.part_bytes_sent - before, kPart + 2 * kMiB) << "the header, and the end";
  expect_stored();
}

TEST_F(Grow, LeavesAStoreAloneThatHasAnOutage) {
  open();
  write_until(32 * kMiB);
  for (const int seconds : {0, 11}) {
    clock_.advance(Seconds(seconds));
    ASSERT_TRUE(StoreLedger(catalogue_).note_failure("archive", clock_.now_utc(), 0));
  }
  ASSERT_TRUE(StoreLedger(catalogue_).state_outages());
  ASSERT_TRUE(StoreLedger(catalogue_).health("archive")->down);
  grow();
  EXPECT_TRUE(bucket_.log.empty());

  NewRecording other = test::a_recording("recorder", "43");
  other.directory = dir_ / "spool";
  NewSegment segment = test::a_segment(catalogue_.start_recording(other)->id, 1);
  segment.path = dir_ / "spool/s.ts";
  test::write_file(segment.path, "media");
  ASSERT_TRUE(catalogue_.add_segment(segment));
  clock_.advance(std::chrono::minutes(10));
  ASSERT_TRUE(deliver()) << "the probe";
  grow();
  EXPECT_EQ(bucket_.part_bytes_sent, 5 * kPart) << "it is back";
}

TEST_F(Grow, AShortFileGoesUpWhenItIsComplete) {
  open();
  write_until(15 * kMiB);
  grow();
  EXPECT_TRUE(bucket_.log.empty());
  close();
  ASSERT_TRUE(deliver());
  expect_stored();
  EXPECT_EQ(bucket_.log, (std::vector<std::string>{"PUT"}));
}

TEST_F(Grow, ANameThatTellsTheEndIsGivenByTheStore) {
  open("cam/a_{EscapedEndTime}.flv");
  write_until(26 * kMiB);
  grow();
  ASSERT_EQ(bucket_.uploads.size(), 1U);
  EXPECT_EQ(bucket_.uploads.begin()->second.key, "eu/.growing/42-" + std::to_string(file_) + ".flv");
  close("cam/a_2026.flv");
  const auto url = deliver();
  ASSERT_TRUE(url) << url.error().message;
  EXPECT_EQ(*url, "https://h/b/eu/cam/a_2026.flv");
  expect_stored("eu/cam/a_2026.flv");
  EXPECT_NE(std::find(bucket_.log.begin(), bucket_.log.end(), "PUT copy"), bucket_.log.end());
  EXPECT_EQ(bucket_.part_bytes_sent, media_.size()) << "nothing twice";
}

TEST_F(Grow, ANameThatWasTakenMeanwhileIsNotOverwritten) {
  open();
  write_until(26 * kMiB);
  grow();
  bucket_.objects["eu/cam/a.flv"] = "another's";
  close("cam/a-1.flv");
  ASSERT_TRUE(deliver());
  EXPECT_EQ(bucket_.objects["eu/cam/a.flv"], "another's");
  bucket_.objects.erase("eu/cam/a.flv");
  expect_stored("eu/cam/a-1.flv");
}

TEST_F(Grow, PartsOfARepairedFileAreCompared) {
  open();
  write_until(46 * kMiB);
  grow();
  media_.resize(33 * kMiB);  // the disk did not have the rest
  media_[12 * kMiB] ^= 1;
  close("cam/a.flv", true);
  ASSERT_TRUE(deliver());
  expect_stored();
}

TEST_F(Grow, AFileThatWasCutShorterThanAPartLeavesNothingBehind) {
  open();
  write_until(26 * kMiB);
  grow();
  media_.resize(kMiB);
  close("cam/a.flv", true);
  ASSERT_TRUE(deliver());
  expect_stored();
}

TEST_F(Grow, WhatNobodyWillCompleteIsAborted) {
  open();
  write_until(26 * kMiB);
  grow();
  ASSERT_EQ(bucket_.uploads.size(), 1U);
  ASSERT_TRUE(catalogue_.fail_file(recording_, temp_, "it is shorter than min-duration"));
  grow();
  EXPECT_TRUE(bucket_.uploads.empty());
  EXPECT_TRUE(GrowingUploads(catalogue_).due("archive")->empty());
}

TEST_F(Grow, APartOfALongerFileIsAbortedWhenItIsJoined) {
  open("cam/a.flv", true);
  write_until(26 * kMiB);
  grow();
  close();
  grow();
  EXPECT_EQ(bucket_.uploads.size(), 1U) << "it may stand for itself yet";
  ASSERT_TRUE(catalogue_.set_parts(99, {file_}, "joined"));
  ASSERT_TRUE(catalogue_.forget_part(file_));
  grow();
  EXPECT_TRUE(bucket_.uploads.empty());
}

// The connection breaks, or the process dies, before or after the store has done what it was asked to.
TEST_F(Grow, WhereverItBreaksOffAtMostOnePartGoesUpTwice) {
  for (std::size_t lost = 1; lost <= 15; ++lost) {
    SCOPED_TRACE("request " + std::to_string(lost));
    bucket_ = test::FakeBucket();
    bucket_.lost_request = lost;
    bucket_.is_lost_after = lost % 2 == 0;
    catalogue_ = *Catalogue::open(":memory:", clock_);
    media_.clear();
    open("cam/a_{EscapedEndTime}.flv");
    write_until(26 * kMiB);
    for (int tries = 0; tries < 5; ++tries) {
      (void)round();
      clock_.advance(Seconds(400));
    }
    close();
    for (int tries = 0; tries < 3 && !deliver(); ++tries) clock_.advance(Seconds(400));
    bucket_.lost_request = 0;
    expect_stored();
    EXPECT_LE(bucket_.part_bytes_sent, media_.size() + kPart);
  }
}

TEST_F(Grow, BeginsAgainWhenTheStoreHasForgotten) {
  open();
  write_until(26 * kMiB);
  grow();
  bucket_.uploads.clear();
  write_until(36 * kMiB);
  EXPECT_FALSE(round());
  clock_.advance(Seconds(2));
  grow();
  close();
  ASSERT_TRUE(deliver());
  expect_stored();
}

TEST_F(Grow, AnObjectThatTheStoreHasLostAtTheEndGoesUpWhole) {
  open();
  write_until(26 * kMiB);
  grow();
  bucket_.uploads.clear();
  close();
  ASSERT_TRUE(deliver());
  expect_stored();
}

}  // namespace
}  // namespace rec
