// SPDX-License-Identifier: LGPL-2.1-or-later
// Whoever makes a clip is killed between its file's name and its row.
#include "core/service/clip_names.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "core/io/files.h"
#include "core/service/clip.h"
#include "core/service/fsck.h"
#include "core/service/housekeeper.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_clock.h"
#include "tests/common/temp_dir.h"

namespace rec {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the row builders

// die() in SQL, on all connections that are opened later.
int add_die(sqlite3 *db, const char **, const void *) {
  return sqlite3_create_function(
      db, "die", 0, SQLITE_UTF8, nullptr,
      [](sqlite3_context *, int, sqlite3_value **) { kill(getpid(), SIGKILL); }, nullptr, nullptr);
}

class ClipNamesTest : public testing::Test {
 protected:
  ClipNamesTest() {
    Catalogue catalogue = open();
    NewRecording r = a_recording("me", "1");
    r.directory = spool_;
    r.store = "";
    r.playlist_path = spool_ + "/cam/index.m3u8";
    id_ = catalogue.start_recording(r)->id;
    for (std::uint64_t i = 1; i <= 2; ++i) {
      NewSegment s = a_segment(id_, i);
      s.path = spool_ + "/cam/" + std::to_string(i) + ".ts";
      s.size_bytes = 7;
      write_file(s.path, "segment");
      EXPECT_TRUE(catalogue.add_segment(s));
    }
    ClosedFile playlist = a_closed_file(id_, r.playlist_path);
    playlist.path = r.playlist_path;
    write_file(playlist.path, "#EXTM3U");
    EXPECT_TRUE(catalogue.finish_recording(id_, clock_.now_utc(), playlist));
  }

  Catalogue open() const { return *Catalogue::open(path_, clock_); }
  Result<Recording> make(Catalogue &catalogue, const std::string &path) const {
    ClipRequest request;
    request.recordings = {id_};
    request.path = path;
    return make_clip(catalogue, request);
  }
  // In a process of its own, which dies where `trigger` says so.
  void make_and_die(const std::string &path, const std::string &trigger) const {
    const pid_t maker = fork();
    if (maker == 0) {
      sqlite3_auto_extension(reinterpret_cast<void (*)()>(&add_die));
      Catalogue catalogue = open();
      if (catalogue.connection().run("CREATE TEMP TRIGGER at_once " + trigger + " BEGIN SELECT die(); END"))
        (void)make(catalogue, path);
      _exit(1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(maker, &status, 0), maker);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it came past that point";
  }
  std::size_t orphans() const {
    const auto findings = *check_storage(path_, {}, clock_);
    return static_cast<std::size_t>(std::count_if(
        findings.begin(), findings.end(), [](const Finding &f) { return f.kind == Finding::Kind::orphan; }));
  }
  void keep_house() const {
    Catalogue catalogue = open();
    const auto report = Housekeeper::create(path_, {}, clock_)->work_once(catalogue);
    ASSERT_TRUE(report) << report.error().message;
  }
  std::int64_t noted() const {
    Catalogue catalogue = open();
    auto query = *catalogue.connection().prepare("SELECT count(*) FROM clip_name");
    EXPECT_TRUE(*query.step());
    return query.int64(0);
  }
  bool is_there(const std::string &path) const { return std::filesystem::exists(path); }

  TempDir dir_;
  FakeClock clock_;
  const std::string spool_ = dir_ / "spool";
  const std::string path_ = dir_ / "catalogue.db";
  const std::string clip_ = spool_ + "/cam/clip.m3u8";
  std::int64_t id_ = 0;
};

TEST_F(ClipNamesTest, OfOneThatWasKilledBeforeItsRowNothingIsLeft) {
  make_and_die(clip_, "AFTER INSERT ON recording");
  ASSERT_TRUE(is_there(clip_)) << "it had its name";
  ASSERT_EQ(orphans(), 1U);
  keep_house();
  EXPECT_FALSE(is_there(clip_));
  EXPECT_EQ(orphans(), 0U);
  EXPECT_EQ(noted(), 0);
}

TEST_F(ClipNamesTest, BeforeTheNameThereIsNothingToTakeAway) {
  make_and_die(clip_, "AFTER INSERT ON clip_name");
  EXPECT_FALSE(is_there(clip_));
  keep_house();
  EXPECT_EQ(noted(), 0);
}

TEST_F(ClipNamesTest, AClipThatIsMadeLeavesNoNote) {
  {
    Catalogue catalogue = open();
    ASSERT_TRUE(make(catalogue, clip_));
  }
  EXPECT_EQ(noted(), 0);
  keep_house();
  EXPECT_TRUE(is_there(clip_));
}

TEST_F(ClipNamesTest, SparesWhatIsSomebodyElsesOrStillBeingMade) {
  make_and_die(clip_, "AFTER INSERT ON recording");
  Catalogue catalogue = open();
  std::filesystem::rename(clip_, clip_ + ".kept");
  write_file(clip_, "another's");
  keep_house();
  EXPECT_TRUE(is_there(clip_)) << "another file has the name";

  auto file = DiskFile::create_for(spool_ + "/cam/live.m3u8");
  ASSERT_TRUE(file->write(0, "#EXTM3U"));
  const auto note = note_name(catalogue, *file, spool_ + "/cam/live.m3u8", spool_);
  ASSERT_TRUE(note) << note.error().message;
  ASSERT_TRUE(file->publish(spool_ + "/cam/live.m3u8", false));
  keep_house();
  EXPECT_TRUE(is_there(spool_ + "/cam/live.m3u8")) << "this process lives";
  EXPECT_EQ(noted(), 1);
}

TEST_F(ClipNamesTest, TakesNothingOutsideTheRecordingsFolder) {
  const std::string outside = dir_ / "outside.m3u8";
  make_and_die(clip_, "AFTER INSERT ON recording");
  std::filesystem::rename(clip_, outside);
  ASSERT_TRUE(open().connection().run_with("UPDATE clip_name SET path = ?1", outside));
  keep_house();
  EXPECT_TRUE(is_there(outside));
}

TEST_F(ClipNamesTest, AFileWithARowStays) {
  std::int64_t clip = 0;
  {
    Catalogue catalogue = open();
    clip = make(catalogue, clip_)->id;
    const auto stamp = *file_stamp(clip_);
    ASSERT_TRUE(catalogue.connection().run_with(
        "INSERT INTO clip_name (owner, path, directory, inode, size_bytes) VALUES ('dead', ?1, ?2, ?3, ?4)",
        clip_, spool_, static_cast<std::int64_t>(stamp.inode), static_cast<std::int64_t>(stamp.size_bytes)));
  }
  keep_house();
  EXPECT_TRUE(is_there(clip_));
  EXPECT_EQ(noted(), 0);
  EXPECT_EQ(open().files(clip)->size(), 1U);
}

}  // namespace
}  // namespace rec
