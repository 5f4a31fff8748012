// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/manifest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "core/base/digest.h"
#include "core/service/catalogue_progress.h"
#include "core/service/derived_recording.h"
#include "core/service/fsck.h"
#include "core/service/recording_quality.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/fake_clock.h"
#include "tests/common/temp_dir.h"

namespace rec::test {
namespace {
namespace fs = std::filesystem;

class ManifestTest : public testing::Test {
 protected:
  // A recording with two FLV files, a hole between them, and two segments; finished.
  std::int64_t record(const std::string &folder = "spool/live", const std::string &session_id = "77") {
    Catalogue c = catalogue();
    NewRecording n = a_recording("owner", session_id);
    n.directory = dir_ / "spool";
    const std::int64_t id = c.start_recording(n)->id;
    const std::string at = dir_ / folder;
    fs::create_directories(at);
    for (int i = 0; i < 2; ++i) {
      const std::string path = at + "/a" + std::to_string(i) + ".flv";
      write_file(path, "media " + std::to_string(i));
      EXPECT_TRUE(c.open_file(an_open_file(id, path + ".part")));
      ClosedFile f = a_closed_file(id, path + ".part");
      f.path = path;
      f.started += Seconds(i * 200);
      f.ended = f.started + Seconds(100);
      f.size_bytes = 7;
      EXPECT_TRUE(c.close_file(f));
      NewSegment s = a_segment(id, static_cast<std::uint64_t>(i));
      s.path = at + "/s" + std::to_string(i) + ".ts";
      s.size_bytes = 9;
      s.started += Seconds(i * 10);
      s.discontinuity = i == 1;
      write_file(s.path, "segment " + std::to_string(i));
      EXPECT_TRUE(c.add_segment(s));
    }
    ClosedFile playlist = a_closed_file(id, at + "/p.m3u8");
    playlist.path = playlist.temp_path;
    write_file(playlist.path, "#EXTM3U\n");
    EXPECT_TRUE(c.set_playlist_path(id, playlist.path));
    EXPECT_TRUE(c.finish_recording(id, UtcTime(Seconds(1'700'000'400)), playlist));
    return id;
  }
  Catalogue catalogue() { return *Catalogue::open(path_, clock_); }
  std::uint64_t write() {
    auto manifests = Manifests::open(path_, clock_);
    EXPECT_TRUE(manifests) << manifests.error().message;
    std::uint64_t all = 0;
    for (;;) {
      const auto written = manifests->write_due({});
      EXPECT_TRUE(written) << written.error().message;
      if (!written || *written == 0) return all;
      all += *written;
    }
  }
  // All uploads that are owed to the store have been made.
  void upload() {
    Catalogue c = catalogue();
    for (;;) {
      const auto taken = c.take_due("worker", archive(), 9);
      ASSERT_TRUE(taken);
      if (taken->empty()) return;
      for (const Owed &owed : *taken) {
        uploaded_.push_back(owed.path);
        ASSERT_TRUE(c.done(owed.id, "worker", "s3://bucket" + owed.path));
      }
    }
  }
  JsonValue manifest(const std::string &path) { return *parse_json(read_file(path)); }
  std::string text(const std::string &path) { return read_file(path); }
  // Every row of a table, without what is its own number or somebody's at work.
  std::vector<std::string> rows(const std::string &table) {
    auto db = SqlDatabase::open(path_);
    auto names = db->prepare("SELECT name FROM pragma_table_info(?1)");
    EXPECT_TRUE(names->bind_all(table));
    std::string all = "''";
    while (*names->step()) {
      const std::string name = names->text(0);
      const bool is_own = name == "id" || name == "owner" || name == "stream_param" ||
                          name == "recording_id" || name == "push_id" || name == "manifest_state" ||
                          name == "rebuilt";
      if (!is_own) all += " || '|' || coalesce(" + name + ", 'NULL')";
    }
    auto query = db->prepare("SELECT " + all + " FROM " + table + " ORDER BY 1");
    std::vector<std::string> found;
    while (*query->step()) found.push_back(query->text(0));
    return found;
  }
  std::vector<std::string> findings(const FsckOptions &options = {}) {
    const auto found = check_storage(path_, options, clock_);
    EXPECT_TRUE(found) << found.error().message;
    std::vector<std::string> list;
    for (const Finding &f : *found)
      list.push_back(std::string(name_of(f.kind)) + " " + fs::relative(f.path, dir_.path()).string());
    return list;
  }
  void forget_catalogue() {
    for (const char *suffix : {"", "-wal", "-shm"}) fs::remove(path_ + suffix);
  }
  Rebuilt rebuild(const std::string &folder) {
    const auto rebuilt = rebuild_catalogue(path_, {dir_ / folder}, nullptr, clock_);
    EXPECT_TRUE(rebuilt) << rebuilt.error().message;
    return rebuilt ? *rebuilt : Rebuilt{};
  }

  TempDir dir_;
  FakeClock clock_;
  std::string path_ = dir_ / "catalogue.db";
  std::vector<std::string> uploaded_;
};

TEST_F(ManifestTest, SaysOfAFinishedRecordingWhatIsKnownAndNoSecret) {
  record();
  EXPECT_EQ(write(), 1U);
  const std::string path = dir_ / "spool/live/manifest.json";
  const JsonValue json = manifest(path);
  EXPECT_EQ(json.member("manifest")->value.integer, 1);
  EXPECT_EQ(json.member("recording")->value.member("session_id")->value.string, "77");
  EXPECT_EQ(json.member("files")->value.elements.size(), 3U);
  const JsonValue &file = json.member("files")->value.elements[0];
  EXPECT_EQ(file.member("sha256")->value.string, hex_digest(Hash::sha256, "media 0"));
  EXPECT_EQ(file.member("video_frames")->value.integer, 3850);
  EXPECT_EQ(json.member("segments")->value.elements[1].member("discontinuity")->value.integer, 1);
  EXPECT_EQ(json.member("ledger")->value.member("segments")->value.integer, 2);
  ASSERT_EQ(json.member("gaps")->value.elements.size(), 1U);
  EXPECT_EQ(json.member("gaps")->value.elements[0].member("from_us")->value.integer, 1'700'000'100'000'000);
  EXPECT_EQ(json.member("gaps")->value.elements[0].member("until_us")->value.integer, 1'700'000'200'000'000);
  EXPECT_EQ(text(path).find("txSecret"), std::string::npos);
  EXPECT_EQ(json.member("owed")->value.elements.size(), 8U) << "5 uploads, a callback for each file";
}

// Segments of ten seconds, the last of them seven seconds late, of which the recorder has counted the frames.
TEST_F(ManifestTest, SaysWhatTheCheckAtTheEndFound) {
  Catalogue c = catalogue();
  NewRecording n = a_recording("owner", "77");
  n.directory = dir_ / "spool";
  n.callbacks.clear();
  const std::int64_t id = c.start_recording(n)->id;
  fs::create_directories(n.directory);
  for (std::uint64_t i = 0; i < 3; ++i) {
    NewSegment s = a_segment(id, i);
    s.path = n.directory + "/s" + std::to_string(i) + ".ts";
    s.started += Seconds(i * 10 + (i == 2 ? 7 : 0));
    s.discontinuity = i == 2;
    s.spread = MediaSpread{5, Seconds(2), Milliseconds(i == 0 ? 900 : 0), Milliseconds(-20)};
    ASSERT_TRUE(c.add_segment(s));
  }
  ASSERT_TRUE(add_counts(c, id, {.drops = {{{"hls", "write-failed"}, 3}}}, n.started + Seconds(37)));
  ClosedFile playlist = a_closed_file(id, n.directory + "/p.m3u8");
  playlist.path = playlist.temp_path;
  write_file(playlist.path, "#EXTM3U\n");
  ASSERT_TRUE(c.set_playlist_path(id, playlist.path));
  ASSERT_TRUE(c.finish_recording(id, UtcTime(Seconds(1'700'000'400)), playlist));
  const std::string summary =
      "1 gap, 7.0 s in all; audio begins or ends 0.9 s after the video; 3 frames lost";
  EXPECT_EQ(quality_text(c.recording(id)->quality), summary) << "at once";

  ASSERT_TRUE(add_counts(c, id, {.drops = {{{"hls", "write-failed"}, 1}}}, std::nullopt));  // a little late
  EXPECT_EQ(write(), 1U);
  const JsonValue json = manifest(dir_ / "spool/manifest.json");
  const JsonValue &quality = json.member("quality")->value;
  EXPECT_FALSE(quality.member("clean")->value.boolean);
  EXPECT_EQ(quality.member("media_ns")->value.integer, 30'000'000'000);
  EXPECT_EQ(quality.member("wall_clock_ns")->value.integer, 37'000'000'000);
  EXPECT_EQ(quality.member("splices")->value.integer, 1);
  EXPECT_EQ(quality.member("keyframes")->value.integer, 15);
  EXPECT_EQ(quality.member("mean_gop_ns")->value.integer, 2'000'000'000);
  EXPECT_EQ(quality.member("audio_start_ns")->value.integer, 900'000'000);
  EXPECT_EQ(quality.member("audio_end_ns")->value.integer, -20'000'000);
  const JsonValue &gap = quality.member("gaps")->value.elements.at(0);
  EXPECT_EQ(gap.member("reason")->value.string, "interruption");
  EXPECT_EQ(gap.member("length_ns")->value.integer, 7'000'000'000);
  const JsonValue &drop = json.member("ledger")->value.member("drops")->value.elements.at(0);
  EXPECT_EQ(drop.member("reason")->value.string, "write-failed");
  EXPECT_EQ(drop.member("frames")->value.integer, 4);

  const std::string before = c.recording(id)->quality;
  forget_catalogue();
  rebuild("spool");
  EXPECT_EQ(catalogue().recordings(1)->at(0).quality, before);
}

TEST_F(ManifestTest, IsWrittenAgainAndUploadedWhenAllElseIs) {
  record();
  write();
  EXPECT_EQ(write(), 0U) << "nothing is new";
  upload();
  EXPECT_EQ(uploaded_.size(), 5U);
  EXPECT_EQ(write(), 1U);
  const std::string path = dir_ / "spool/live/manifest.json";
  EXPECT_EQ(manifest(path).member("files")->value.elements[0].member("url")->value.string,
            "s3://bucket" + (dir_ / "spool/live/a0.flv"));
  upload();
  ASSERT_EQ(uploaded_.size(), 6U);
  EXPECT_EQ(uploaded_.back(), path);
  EXPECT_EQ(write(), 0U);
}

TEST_F(ManifestTest, TwoRecordingsInOneFolderHaveOneEach) {
  record();
  write();
  record("spool/live", "78");
  write();
  EXPECT_EQ(manifest(dir_ / "spool/live/manifest.json")
                .member("recording")
                ->value.member("session_id")
                ->value.string,
            "77");
  EXPECT_TRUE(fs::exists(dir_ / "spool/live/78.manifest.json"));
}

TEST_F(ManifestTest, ACatalogueIsMadeAnewOfManifestsAlone) {
  record();
  upload();
  write();
  const auto recording = rows("recording");
  const auto files = rows("file");
  const auto segments = rows("segment");
  const auto callbacks = rows("recording_callback");
  auto owed_before = catalogue().owed();
  std::string event_id;
  {
    auto c = catalogue();
    event_id = c.take_due("worker", {OwedKind::callback, "ops"}, 1)->front().event_id;
  }
  forget_catalogue();
  const Rebuilt rebuilt = rebuild("spool");
  EXPECT_EQ(rebuilt.recordings, 1U);
  EXPECT_TRUE(rebuilt.findings.empty());
  EXPECT_EQ(rows("recording"), recording);
  EXPECT_EQ(rows("file"), files);
  EXPECT_EQ(rows("segment"), segments);
  EXPECT_EQ(rows("recording_callback"), callbacks);
  EXPECT_EQ(catalogue().owed()->callbacks, owed_before->callbacks);
  auto c = catalogue();
  const auto again = c.take_due("worker", {OwedKind::callback, "ops"}, 9);
  EXPECT_TRUE(std::any_of(again->begin(), again->end(), [&](const Owed &o) {
    return o.event_id == event_id;
  })) << "told again under the same id";
  EXPECT_EQ(rebuild("spool").known, 1U) << "and not twice";
}

TEST_F(ManifestTest, WhatWasNotUploadedIsOwedAgainAfterARebuild) {
  record();
  write();
  forget_catalogue();
  EXPECT_EQ(rebuild("spool").owed, 8U);
  upload();
  EXPECT_EQ(uploaded_.size(), 5U);
  EXPECT_EQ(write(), 1U);
  EXPECT_TRUE(findings().empty());
}

TEST_F(ManifestTest, AFolderThatWasMovedTakesItsRecordingAlong) {
  record();
  write();
  forget_catalogue();
  fs::rename(dir_ / "spool", dir_ / "moved");
  EXPECT_EQ(rebuild("moved").recordings, 1U);
  auto c = catalogue();
  const Recording r = c.recordings(1)->at(0);
  EXPECT_EQ(r.directory, dir_ / "moved");
  EXPECT_EQ(r.playlist_path, dir_ / "moved/live/p.m3u8");
  EXPECT_EQ(c.files(r.id)->at(0).facts.path, dir_ / "moved/live/a0.flv");
  EXPECT_TRUE(findings().empty());
}

TEST_F(ManifestTest, TellsOfJobsAndOfWhatOthersAreMadeOfInWhicheverOrderTheyAreFound) {
  const std::int64_t id = record("spool/z", "77");
  Catalogue c = catalogue();
  ASSERT_TRUE(
      c.connection().run_with("INSERT INTO job (recording_id, kind, format, next_attempt_us) VALUES "
                              "(?1, 'merge', 'flv', 5), (?1, 'merge', 'mp4', 6)",
                              id));
  ASSERT_TRUE(c.connection().run("UPDATE job SET file_id = (SELECT min(id) FROM file)"));
  fs::create_directories(dir_ / "spool/a");
  write_file(dir_ / "spool/a/merged.flv", "merged");
  DerivedRecording merged;
  merged.source = RecordingSource::merge;
  merged.session_id = "78";
  merged.directory = dir_ / "spool";
  merged.parts = {{.source_id = id, .from = UtcTime(Seconds(1'700'000'000)), .to = std::nullopt}};
  ClosedFile facts = a_closed_file(0, dir_ / "spool/a/merged.flv");
  facts.path = facts.temp_path;
  merged.files = {{.format = Format::flv, .facts = facts}};
  merged.job = 2;
  ASSERT_TRUE(add_derived(c, merged));
  EXPECT_EQ(write(), 2U);
  const auto derived = rows("derived_from");
  const auto jobs = rows("job");
  forget_catalogue();
  EXPECT_TRUE(rebuild("spool/a").findings.at(0).what.find("recording 77") != std::string::npos);
  EXPECT_EQ(rebuild("spool").recordings, 1U);
  Catalogue again = catalogue();
  auto query = *again.connection().prepare(
      "SELECT j.format, d.session_id, s.session_id, f.from_us, (SELECT path FROM file WHERE id = j.file_id) "
      "FROM job j JOIN recording d ON d.id = "
      "j.result_id "
      "JOIN derived_from f ON f.recording_id = d.id JOIN recording s ON s.id = f.source_id");
  ASSERT_TRUE(*query.step());
  EXPECT_EQ(query.text(0), "mp4");
  EXPECT_EQ(query.text(1), "78");
  EXPECT_EQ(query.text(2), "77");
  EXPECT_EQ(query.int64(3), 1'700'000'000'000'000);
  EXPECT_EQ(query.text(4), dir_ / "spool/z/a0.flv");
  EXPECT_FALSE(*query.step());
  EXPECT_EQ(rows("derived_from").size(), derived.size());
  EXPECT_EQ(rows("job").size(), jobs.size());
}

TEST_F(ManifestTest, AManifestThatNamesFilesElsewhereIsRefused) {
  record();
  write();
  forget_catalogue();
  const std::string path = dir_ / "spool/live/manifest.json";
  const std::string good = read_file(path);
  for (const std::string &bad : {std::string("/etc/passwd"), dir_ / "spool/live/../../x.flv"}) {
    std::string text = good;
    const std::string name = dir_ / "spool/live/a0.flv";
    const std::size_t at = text.find("\"path\" : \"" + name) != std::string::npos
                               ? text.find("\"path\" : \"" + name) + 10
                               : text.find("\"path\":\"" + name) + 8;
    ASSERT_LT(at, text.size());
    text.replace(at, name.size(), bad);
    write_file(path, text);
    const Rebuilt rebuilt = rebuild("spool");
    EXPECT_EQ(rebuilt.recordings, 0U) << bad;
    ASSERT_EQ(rebuilt.findings.size(), 1U);
    EXPECT_EQ(rebuilt.findings[0].kind, Finding::Kind::unreadable);
    EXPECT_TRUE(rows("file").empty()) << "all of it or nothing";
  }
  for (const char *text :
       {"", "{", "[]", "{\"manifest\": 1}", "{\"manifest\": 2}", "{\"manifest\": 1, \"recording\": []}"}) {
    write_file(path, text);
    EXPECT_EQ(rebuild("spool").findings.size(), 1U) << text;
  }
}

TEST_F(ManifestTest, FsckNamesWhatIsMissingDifferentOrphanedAndForgotten) {
  record();
  write();
  EXPECT_TRUE(findings().empty());
  fs::remove(dir_ / "spool/live/a0.flv");
  write_file(dir_ / "spool/live/a1.flv", "longer than it was");
  write_file(dir_ / "spool/live/s1.ts", "SEGMENT 1");
  write_file(dir_ / "spool/live/other.mp4", "whose?");
  fs::create_directories(dir_ / "spool/old");
  std::string foreign = read_file(dir_ / "spool/live/manifest.json");
  foreign.replace(foreign.find("77"), 2, "99");
  write_file(dir_ / "spool/old/manifest.json", foreign);
  auto found = findings();
  std::sort(found.begin(), found.end());
  EXPECT_EQ(found,
            (std::vector<std::string>{"different spool/live/a1.flv", "forgotten spool/old/manifest.json",
                                      "missing spool/live/a0.flv", "orphan spool/live/other.mp4"}));
  FsckOptions all;
  all.digests = true;
  found = findings(all);
  EXPECT_EQ(std::count(found.begin(), found.end(), "different spool/live/s1.ts"), 1);
}

TEST_F(ManifestTest, WhatIsInAStoreMayBeGoneHere) {
  record();
  upload();
  write();
  for (const char *name : {"a0.flv", "a1.flv", "s0.ts", "s1.ts", "p.m3u8"})
    fs::remove(dir_ / (std::string("spool/live/") + name));
  EXPECT_TRUE(findings().empty());
}

}  // namespace
}  // namespace rec::test
