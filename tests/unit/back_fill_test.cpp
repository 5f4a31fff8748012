// SPDX-License-Identifier: LGPL-2.1-or-later
// What only the backup store has goes from there to its own store when that is back.
#include "core/service/back_fill.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/base/digest.h"
#include "core/model/multipart_plan.h"
#include "core/service/delivery.h"
#include "core/service/store_ledger.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_bucket.h"
#include "tests/common/fake_clock.h"
#include "tests/common/temp_dir.h"

namespace rec {
namespace {

using test::archive;
using test::FakeBucket;
using test::SharedHttp;

OwedTarget spare() { return {OwedKind::upload, "spare"}; }

// A recording whose file only the backup store has: its own was away when it was uploaded, and the local copy
// is gone.
class BackFill : public testing::Test {
 protected:
  BackFill() { use_buckets(); }

  void use_buckets() {
    for (const std::string name : {"archive", "spare"}) {
      StoreSettings &store = destinations_.stores[name];
      store.name = name;
      store.uri = "s3://b/" + name.substr(0, 2);
      store.endpoint = "https://" + name;
      destinations_.credentials[name] = {"AK", "SK", ""};
    }
  }
  void use_directory(const std::string &name) { destinations_.stores[name].uri = "file://" + (dir_ / name); }
  FakeBucket &bucket_of(const std::string &name) { return name == "archive" ? bucket_ : backup_; }
  std::optional<DeliveryReport> step(const OwedTarget &target) {
    // By its address a store is known: a client per store, as there is one for its certificates.
    const MakeHttp make_http = [this](const HttpSettings &) { return std::make_unique<SharedHttp>(backup_); };
    const auto report = deliver_next(
        catalogue_, "worker", target,
        make_deliverer(destinations_, target, bucket_of(target.name), clock_, nullptr, make_http), 0, clock_,
        nullptr);
    EXPECT_TRUE(report) << report.error().message;
    return report ? *report : std::nullopt;
  }
  // In an outage of its store.
  void record(std::size_t bytes) {
    media_.assign(bytes, '\0');
    for (std::size_t i = 0; i < bytes; i += 4096) media_[i] = static_cast<char>(i >> 12);
    NewRecording n = test::a_recording("me");
    n.directory = dir_ / "spool";
    n.backup_store = "spare";
    n.callbacks.clear();
    recording_ = catalogue_.start_recording(n)->id;
    for (const int seconds : {0, 11}) {
      clock_.advance(Seconds(seconds));
      ASSERT_TRUE(StoreLedger(catalogue_).note_failure("archive", clock_.now_utc(), 0));
    }
    ASSERT_TRUE(catalogue_.take_due("nobody", archive(), 0));
    ClosedFile f = test::a_closed_file(recording_);
    f.path = path_;
    test::write_file(path_, media_);
    ASSERT_TRUE(catalogue_.open_file(test::an_open_file(recording_)));
    ASSERT_TRUE(catalogue_.close_file(f));
    const auto stored = step(spare());
    ASSERT_TRUE(stored && !stored->error);
    std::filesystem::remove(path_);
    clock_.advance(Seconds(120));
  }
  void know_digest(const std::string &sha256) {
    ASSERT_TRUE(catalogue_.connection().run("UPDATE file SET sha256 = '" + sha256 + "'"));
  }

  test::TempDir dir_;
  test::FakeClock clock_;
  Catalogue catalogue_ = *Catalogue::open(":memory:", clock_);
  Destinations destinations_;
  FakeBucket bucket_, backup_;
  const std::string path_ = dir_ / "spool/a.flv";
  std::string media_;
  std::int64_t recording_ = 0;
};

TEST_F(BackFill, AShortFileIsBroughtFromTheBackupStore) {
  record(1000);
  know_digest(hex_digest(Hash::sha256, media_));
  const auto report = step(archive());
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->error) << report->error->message;
  EXPECT_EQ(report->state, StoredAs::back_filled);
  EXPECT_EQ(bucket_.objects.at("ar/a.flv"), media_);
  EXPECT_EQ(backup_.objects.at("sp/a.flv"), media_) << "nothing is deleted there";
  EXPECT_EQ(catalogue_.owed()->uploads, 0U);
}

TEST_F(BackFill, ALongOneGoesInPartsAndGoesOnWhereItBrokeOff) {
  record(kLongestSinglePut + 3000);
  know_digest(hex_digest(Hash::sha256, media_));
  bucket_.lost_request = 5;  // uploads, begin, parts 1 and 2
  const auto broken = step(archive());
  ASSERT_TRUE(broken && broken->error);
  EXPECT_EQ(bucket_.part_bytes_sent, 2 * kSmallestPart);
  clock_.advance(Seconds(400));
  const auto report = step(archive());
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->error) << report->error->message;
  EXPECT_TRUE(bucket_.objects.at("ar/a.flv") == media_);
  EXPECT_EQ(bucket_.part_bytes_sent, media_.size()) << "nothing is sent twice";
  EXPECT_TRUE(bucket_.uploads.empty());
}

TEST_F(BackFill, WhatIsNotWhatWasRecordedIsNotStored) {
  record(kLongestSinglePut + 1);
  know_digest(std::string(64, 'a'));
  const auto report = step(archive());
  ASSERT_TRUE(report && report->error);
  EXPECT_NE(report->error->message.find("not the bytes that were recorded"), std::string::npos);
  EXPECT_TRUE(bucket_.objects.empty());
  EXPECT_TRUE(bucket_.uploads.empty()) << "storage is paid for parts that nobody completes";
  EXPECT_EQ(catalogue_.owed()->uploads, 1U);
}

TEST_F(BackFill, ABackupStoreThatFailsIsNoOutageOfTheOther) {
  record(1000);
  ASSERT_TRUE(catalogue_.connection().run("UPDATE store_state SET down_us = NULL, failing_since_us = NULL"));
  backup_.objects.clear();
  const auto report = step(archive());
  ASSERT_TRUE(report && report->error);
  EXPECT_NE(report->error->message.find("backup store spare"), std::string::npos) << report->error->message;
  EXPECT_FALSE(StoreLedger(catalogue_).health("archive")->failing_since);
}

TEST_F(BackFill, DirectoriesGiveAndTakeToo) {
  use_directory("archive");
  use_directory("spare");
  record(kLongestSinglePut + 3000);
  know_digest(hex_digest(Hash::sha256, media_));
  const auto report = step(archive());
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->error) << report->error->message;
  EXPECT_TRUE(test::read_file(dir_ / "archive/a.flv") == media_);
}

TEST_F(BackFill, ADirectoryTakesNoBytesThatWereNotRecorded) {
  use_directory("archive");
  record(1000);
  know_digest(std::string(64, 'a'));
  const auto report = step(archive());
  ASSERT_TRUE(report && report->error);
  EXPECT_FALSE(std::filesystem::exists(dir_ / "archive/a.flv"));
}

TEST_F(BackFill, WhatIsStillHereComesFromHere) {
  record(1000);
  test::write_file(path_, media_);
  backup_.objects.clear();
  const auto report = step(archive());
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->error) << report->error->message;
  EXPECT_EQ(bucket_.objects.at("ar/a.flv"), media_);
}

}  // namespace
}  // namespace rec
