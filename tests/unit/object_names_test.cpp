// SPDX-License-Identifier: LGPL-2.1-or-later
// Sinks that write under the same names again, after the local copies are gone: a store loses nothing.
#include "core/service/object_names.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/service/bucket_reading.h"
#include "core/service/delivery.h"
#include "core/service/fsck.h"
#include "core/service/growing_uploads.h"
#include "core/service/manifest.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_bucket.h"
#include "tests/common/fake_clock.h"
#include "tests/common/fake_http.h"
#include "tests/common/temp_dir.h"

namespace rec {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the row builders
namespace fs = std::filesystem;

// A directory as a store, and recordings whose media say which of them they are.
class ObjectNames : public testing::Test {
 protected:
  ObjectNames() {
    destinations_.stores["archive"].name = "archive";
    destinations_.stores["archive"].uri = "file://" + (dir_ / "store");
    destinations_.stores["other"] = destinations_.stores["archive"];
    destinations_.stores["other"].name = "other";
    destinations_.stores["other"].uri = "file://" + (dir_ / "elsewhere");
  }

  std::int64_t start(const std::string &session, const std::string &store = "archive") {
    NewRecording n = a_recording("me", session);
    n.directory = dir_ / "spool";
    n.store = store;
    n.callbacks = {};
    n.splice_timeout = Nanoseconds(0);
    return catalogue_.start_recording(n)->id;
  }
  std::string local(const std::string &name) const { return dir_ / ("spool/" + name); }
  ClosedFile facts(std::int64_t id, const std::string &name, const std::string &media) const {
    ClosedFile f = a_closed_file(id, local(name));
    f.path = local(name);
    test::write_file(f.path, media);
    return f;
  }
  void add_file(std::int64_t id, const std::string &name, const std::string &media) {
    OpenedFile opened = an_open_file(id, local(name));
    opened.location_pattern = local(name);
    ASSERT_TRUE(catalogue_.open_file(opened));
    ASSERT_TRUE(catalogue_.close_file(facts(id, name, media)));
  }
  void add_segment(std::int64_t id, const std::string &name, const std::string &media, std::string uri = "") {
    NewSegment s = a_segment(id, ++segments_);
    s.path = local(name);
    s.uri = uri.empty() ? fs::path(name).filename().string() : std::move(uri);
    test::write_file(s.path, media);
    ASSERT_TRUE(catalogue_.add_segment(s));
  }
  void finish(std::int64_t id, const std::string &playlist) {
    ASSERT_TRUE(catalogue_.finish_recording(id, clock_.now_utc(), facts(id, playlist, "list " + playlist)));
  }
  // Everything that is due goes up, and the local copies go.
  std::vector<DeliveryReport> upload(const std::string &store = "archive") {
    FakeHttp http({});
    const OwedTarget target{OwedKind::upload, store};
    const Deliverer deliverer = make_deliverer(destinations_, target, http, clock_);
    std::vector<DeliveryReport> reports;
    while (auto report = *deliver_next(catalogue_, "worker", target, deliverer, 0, clock_, nullptr))
      reports.push_back(*std::move(report));
    return reports;
  }
  void upload_to(HttpClient &bucket) {
    const Deliverer deliverer = make_deliverer(destinations_, archive(), bucket, clock_);
    while (const auto report = *deliver_next(catalogue_, "worker", archive(), deliverer, 0, clock_, nullptr))
      EXPECT_FALSE(report->error) << report->error->message;
  }
  void clear_spool() { fs::remove_all(dir_ / "spool"); }
  std::string stored(const std::string &name) const { return test::read_file(dir_ / ("store/" + name)); }

  TempDir dir_;
  FakeClock clock_;
  std::string path_ = dir_ / "catalogue.db";
  Catalogue catalogue_ = *Catalogue::open(path_, clock_);
  Destinations destinations_;
  std::uint64_t segments_ = 0;
};

TEST_F(ObjectNames, AFileOfTheSameNameGoesBesideTheOneThatIsThere) {
  add_file(start("1"), "cam1/out.mp4", "first");
  const auto first = upload();
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0].renamed_from, "");
  clear_spool();
  add_file(start("2"), "cam1/out.mp4", "second");
  const auto second = upload();
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(second[0].renamed_from, "cam1/out.mp4");
  EXPECT_EQ(second[0].url, "file://" + (dir_ / "store/cam1/out-2.mp4"));
  EXPECT_EQ(stored("cam1/out.mp4"), "first");
  EXPECT_EQ(stored("cam1/out-2.mp4"), "second");
  EXPECT_EQ(catalogue_.files(2)->at(0).url, second[0].url);
}

TEST_F(ObjectNames, OneRecordingMayUseItsNamesAgain) {
  const std::int64_t id = start("1");
  for (const char *media : {"first", "second", "third"}) {
    add_file(id, "out.mp4", media);
    upload();
    clear_spool();
  }
  EXPECT_EQ(stored("out.mp4"), "first");
  EXPECT_EQ(stored("out-1.mp4"), "second");
  EXPECT_EQ(stored("out-1-3.mp4"), "third");
}

TEST_F(ObjectNames, OtherFoldersOfTheSameNamesAreOtherRecordingsToo) {
  add_file(start("1"), "out.mp4", "first");
  NewRecording n = a_recording("me", "2");
  n.directory = dir_ / "spool/2";
  const std::int64_t id = catalogue_.start_recording(n)->id;
  add_file(id, "2/out.mp4", "second");
  upload();
  EXPECT_EQ(stored("out.mp4"), "first");
  EXPECT_EQ(stored("out-2.mp4"), "second");
}

TEST_F(ObjectNames, InAnotherStoreTheNameIsFree) {
  add_file(start("1"), "out.mp4", "first");
  upload();
  add_file(start("2", "other"), "out.mp4", "second");
  upload("other");
  EXPECT_EQ(test::read_file(dir_ / "elsewhere/out.mp4"), "second");
}

TEST_F(ObjectNames, TheBackupStoreOfOneIsTheStoreOfTheOther) {
  NewRecording n = a_recording("me", "1");
  n.directory = dir_ / "spool";
  n.backup_store = "other";
  add_file(catalogue_.start_recording(n)->id, "out.mp4", "first");
  const std::int64_t id = start("2", "other");
  add_file(id, "out.mp4", "second");
  EXPECT_EQ(catalogue_.files(id)->at(0).object, "out-2.mp4");
}

TEST_F(ObjectNames, AFileThatFailedHoldsNoName) {
  const std::int64_t id = start("1");
  OpenedFile opened = an_open_file(id, local("out.mp4"));
  opened.location_pattern = local("out.mp4");
  opened.goes_up_early = true;
  ASSERT_TRUE(catalogue_.open_file(opened));
  ASSERT_TRUE(catalogue_.fail_file(id, local("out.mp4"), "no space"));
  add_file(start("2"), "out.mp4", "second");
  upload();
  EXPECT_EQ(stored("out.mp4"), "second");
}

TEST_F(ObjectNames, APlaylistAndItsSegmentsGoToAFolderTogether) {
  for (const char *session : {"1", "2"}) {
    const std::int64_t id = start(session);
    ASSERT_TRUE(catalogue_.set_playlist_path(id, local("cam1/index.m3u8")));
    add_segment(id, "cam1/s0.ts", std::string("s0 of ") + session);
    add_segment(id, std::string("cam1/extra") + session + ".ts", std::string("extra of ") + session);
    finish(id, "cam1/index.m3u8");
    const auto reports = upload();
    ASSERT_EQ(reports.size(), 3U);
    EXPECT_EQ(reports.back().renamed_from, session == std::string("1") ? "" : "cam1/index.m3u8");
    clear_spool();
  }
  EXPECT_EQ(stored("cam1/s0.ts"), "s0 of 1");
  EXPECT_EQ(stored("cam1/2/s0.ts"), "s0 of 2");
  EXPECT_EQ(stored("cam1/2/extra2.ts"), "extra of 2") << "beside its playlist, though its name was free";
  EXPECT_EQ(stored("cam1/2/index.m3u8"), "list cam1/index.m3u8");
  EXPECT_TRUE(catalogue_.recording(2)->playlist_apart);
}

TEST_F(ObjectNames, WhenALaterNameIsTakenWhatWentUpGoesUpAgain) {
  const std::int64_t old = start("1");
  add_segment(old, "s1.ts", "old");
  finish(old, "old.m3u8");
  upload();
  clear_spool();
  const std::int64_t id = start("2");
  ASSERT_TRUE(catalogue_.set_playlist_path(id, local("new.m3u8")));
  add_segment(id, "s0.ts", "new 0");
  upload();
  EXPECT_EQ(stored("s0.ts"), "new 0");
  add_segment(id, "s1.ts", "new 1");
  finish(id, "new.m3u8");
  EXPECT_EQ(upload().size(), 3U);
  EXPECT_EQ(stored("s1.ts"), "old");
  EXPECT_EQ(stored("2/s0.ts"), "new 0");
  EXPECT_EQ(stored("2/s1.ts"), "new 1");
  EXPECT_EQ(stored("2/new.m3u8"), "list new.m3u8");
}

// What lies under the old names is not deleted: it may be that somebody plays it just now.
TEST_F(ObjectNames, WhatWentUpBeforeAPlaylistMovedIsFoundByFsck) {
  StoreSettings &store = destinations_.stores["archive"];
  store.uri = "s3://b/eu";
  store.endpoint = "https://h";
  destinations_.stores.erase("other");
  destinations_.credentials["archive"] = {"AK", "SK", ""};
  FakeBucket bucket;
  const std::int64_t old = start("1");
  add_segment(old, "s1.ts", "old");
  finish(old, "old.m3u8");
  upload_to(bucket);
  clear_spool();
  const std::int64_t id = start("2");
  ASSERT_TRUE(catalogue_.set_playlist_path(id, local("new.m3u8")));
  add_segment(id, "s0.ts", std::string(18800, 'x'));
  upload_to(bucket);
  add_segment(id, "s1.ts", "new 1");
  finish(id, "new.m3u8");
  upload_to(bucket);
  EXPECT_EQ(bucket.objects.size(), 6U);

  const MakeHttp make_http = [&](const HttpSettings &) { return std::make_unique<SharedHttp>(bucket); };
  OpenBuckets buckets = *open_buckets(destinations_, clock_, make_http);
  FsckOptions options;
  options.buckets = &buckets;
  std::vector<std::string> orphans;
  const auto found = check_storage(path_, options, clock_);
  ASSERT_TRUE(found);
  for (const Finding &finding : *found)
    if (finding.kind == Finding::Kind::orphan) orphans.push_back(finding.path);
  EXPECT_EQ(orphans, std::vector<std::string>{"https://h/b/eu/s0.ts"});
}

TEST_F(ObjectNames, WhatCannotBeMovedStaysOwedAndSaysSo) {
  const std::int64_t old = start("1");
  add_segment(old, "seg/s0.ts", "old", "seg/s0.ts");
  finish(old, "old.m3u8");
  upload();
  clear_spool();
  const std::int64_t id = start("2");
  add_segment(id, "seg/s0.ts", "new", "seg/s0.ts");
  finish(id, "new.m3u8");
  const auto reports = upload();
  ASSERT_EQ(reports.size(), 1U) << "the playlist waits for it";
  ASSERT_TRUE(reports[0].error);
  for (const char *part : {"store archive", "'seg/s0.ts'", "another recording", "choose names"})
    EXPECT_NE(reports[0].error->message.find(part), std::string::npos) << reports[0].error->message;
  EXPECT_EQ(stored("seg/s0.ts"), "old");
  EXPECT_EQ(catalogue_.owed()->uploads, 2U);
}

TEST_F(ObjectNames, APlaylistOfOtherRecordingsSegmentsStaysInTheirFolder) {
  for (const char *session : {"1", "2"}) finish(start(session), "cam1/clip.m3u8");
  upload();
  EXPECT_EQ(stored("cam1/clip-2.m3u8"), "list cam1/clip.m3u8");
}

TEST_F(ObjectNames, AFileThatGoesUpEarlyHasItsNameFromTheBeginning) {
  add_file(start("1"), "out.mp4", "first");
  const std::int64_t id = start("2");
  OpenedFile opened = an_open_file(id, local("out.mp4.part"));
  opened.location_pattern = local("out.mp4");
  opened.goes_up_early = true;
  ASSERT_TRUE(catalogue_.open_file(opened));
  GrowingUploads growing(catalogue_);
  ASSERT_EQ(growing.due("archive")->size(), 1U);
  EXPECT_EQ(growing.due("archive")->at(0).object, "out-2.mp4");
  ClosedFile closed = facts(id, "out.mp4", "second");
  closed.temp_path = opened.temp_path;
  ASSERT_TRUE(catalogue_.close_file(closed));
  EXPECT_EQ(catalogue_.files(id)->at(0).object, "out-2.mp4");
}

TEST_F(ObjectNames, ManifestsDoNotReplaceEachOther) {
  for (const char *session : {"1", "2"}) {
    const std::int64_t id = start(session);
    ASSERT_TRUE(catalogue_.set_playlist_path(id, local(std::string("list") + session + ".m3u8")));
    add_segment(id, std::string("s") + session + ".ts", session);
    finish(id, std::string("list") + session + ".m3u8");
    auto manifests = Manifests::open(path_, clock_);
    for (int round = 0; round < 2; ++round) {
      ASSERT_TRUE(manifests->write_due([] { return false; }));
      upload();
    }
    clear_spool();
  }
  EXPECT_NE(stored("manifest.json").find(R"("session_id" : "1")"), std::string::npos);
  EXPECT_NE(stored("2/manifest.json").find(R"("session_id" : "2")"), std::string::npos);
}

TEST_F(ObjectNames, NamesOutliveTheCatalogue) {
  for (const char *session : {"1", "2"}) {
    const std::int64_t id = start(session);
    add_file(id, std::string(session) + "/out.mp4", session);
    ASSERT_TRUE(catalogue_.finish_recording(id, clock_.now_utc(), std::nullopt));
  }
  upload();
  auto manifests = Manifests::open(path_, clock_);
  ASSERT_TRUE(manifests->write_due([] { return false; }));
  const std::string rebuilt = dir_ / "rebuilt.db";
  ASSERT_EQ(rebuild_catalogue(rebuilt, {dir_ / "spool"}, nullptr, clock_)->recordings, 2U);
  catalogue_ = *Catalogue::open(rebuilt, clock_);
  EXPECT_EQ(catalogue_.files(1)->at(0).object, "1/out.mp4");
  clear_spool();
  add_file(start("3"), "1/out.mp4", "third");
  upload();
  EXPECT_EQ(stored("1/out.mp4"), "1");
  EXPECT_EQ(stored("1/out-3.mp4"), "third");
}

}  // namespace
}  // namespace rec
