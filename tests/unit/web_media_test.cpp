// SPDX-License-Identifier: LGPL-2.1-or-later
// Where media come from that a catalogue made of manifests knows by name alone.
#include "core/service/web_media.h"

#include <gtest/gtest.h>

#include "core/service/web_recordings.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_bucket.h"
#include "tests/common/fake_clock.h"
#include "tests/common/temp_dir.h"

namespace rec {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the row builders

class WebMediaTest : public testing::Test {
 protected:
  // Of a finished recording whose playlist is in the store; nothing of it is here.
  Recording add(const std::string &store, const std::string &playlist_url) {
    NewRecording r = a_recording("me", "1");
    r.directory = dir_ / "spool";
    r.store = store;
    r.playlist_path = dir_ / "spool/cam/index.m3u8";
    const std::int64_t id = catalogue_.start_recording(r)->id;
    NewSegment s = a_segment(id, 1);
    s.path = dir_ / "spool/cam/1.ts";
    EXPECT_TRUE(catalogue_.add_segment(s));
    ClosedFile playlist = a_closed_file(id, r.playlist_path);
    playlist.path = r.playlist_path;
    EXPECT_TRUE(catalogue_.finish_recording(id, clock_.now_utc(), playlist));
    EXPECT_TRUE(catalogue_.connection().run(
        "DELETE FROM outbox; UPDATE recording SET rebuilt = 1; UPDATE segment SET object = 'cam/1.ts'"));
    EXPECT_TRUE(
        catalogue_.connection().run_with("UPDATE file SET url = ?1, stored_in = ?2", playlist_url, store));
    return *catalogue_.recording(id);
  }
  Destinations destinations() const {
    Destinations all;
    all.stores["shelf"] = {};
    all.stores["shelf"].name = "shelf";
    all.stores["shelf"].uri = "file://" + (dir_ / "shelf");
    StoreSettings &bucket = all.stores["archive"];
    bucket.name = "archive";
    bucket.uri = "s3://b";
    bucket.endpoint = "https://h";
    bucket.bucket_in_host = false;
    all.credentials["archive"] = {"AK", "SK", ""};
    return all;
  }
  WebAnswer segment(const Recording &recording) {
    WebRequest request;
    request.method = "GET";
    return web_segment(catalogue_, {.desk = &desk_}, recording, 1, request);
  }

  TempDir dir_;
  FakeClock clock_;
  FakeBucket bucket_;
  Catalogue catalogue_ = *Catalogue::open(dir_ / "catalogue.db", clock_);
  StoreDesk desk_{destinations(),
                  [this](const HttpSettings &) { return std::make_unique<SharedHttp>(bucket_); }, clock_,
                  Seconds(600)};
};

TEST_F(WebMediaTest, SegmentsInADirectoryAreFoundByTheirNames) {
  write_file(dir_ / "shelf/cam/1.ts", "segment");
  write_file(dir_ / "shelf/cam/index.m3u8", "#EXTM3U");
  const Recording recording = add("shelf", "file://" + (dir_ / "shelf/cam/index.m3u8"));
  const WebAnswer answer = segment(recording);
  EXPECT_EQ(answer.status, 200);
  ASSERT_TRUE(answer.file);
  EXPECT_EQ(answer.file->path, dir_ / "shelf/cam/1.ts");
}

TEST_F(WebMediaTest, ANameLeadsToNothingOutsideTheDirectory) {
  write_file(dir_ / "1.ts", "another's");
  const Recording recording = add("shelf", "file://" + (dir_ / "shelf/cam/index.m3u8"));
  for (const char *name : {"../1.ts", "cam/../../1.ts", "", "/1.ts", "cam/2.ts"}) {
    ASSERT_TRUE(catalogue_.connection().run_with("UPDATE segment SET object = ?1", name));
    EXPECT_EQ(segment(recording).status, 404) << name;
  }
}

TEST_F(WebMediaTest, AnAnswerTellsForHowLongAddressesAreGood) {
  add("archive", "https://h/b/cam/index.m3u8");
  const auto said = [&](const WebStores &stores) { return web_show(catalogue_, stores, "1").body; };
  const std::string told = R"("media_good_for":600)";
  EXPECT_NE(said({.desk = &desk_}).find(told), std::string::npos) << said({.desk = &desk_});
  EXPECT_NE(said({.desk = &desk_, .way = BucketMedia::redirect}).find(told), std::string::npos);
  EXPECT_EQ(said({.desk = &desk_, .way = BucketMedia::proxy}).find("media_good_for"), std::string::npos);
  EXPECT_EQ(said({}).find("media_good_for"), std::string::npos);
}

}  // namespace
}  // namespace rec
