// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/splice_join.h"

#include <gtest/gtest.h>

#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "core/disk/joined_file.h"
#include "core/service/owner_lease.h"
#include "core/service/recovery.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/disk_faults.h"
#include "tests/common/fake_clock.h"
#include "tests/common/temp_dir.h"

namespace rec {
namespace {

// MP3 frames of 24 ms as FLV; `head`: sound format, rate and channels.
std::string flv(int frames, char head = '\x2e') {
  const auto number = [](std::size_t v, int bytes) {
    std::string s;
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) s += static_cast<char>(v >> shift);
    return s;
  };
  std::string text("FLV\x01\x04\0\0\0\x09\0\0\0\0", 13);
  for (int i = 0; i < frames; ++i) {
    const std::string data = std::string(1, head) + "frame" + std::to_string(i);
    const std::string tag =
        "\x08" + number(data.size(), 3) + number(static_cast<std::size_t>(24 * i), 3) + number(0, 4) + data;
    text += tag + number(tag.size(), 4);
  }
  return text;
}

class SpliceJoin : public ::testing::Test {
 protected:
  SpliceJoin() {
    NewRecording r = test::a_recording(me_.id());
    r.directory = dir_.path();
    recording_ = catalogue_.start_recording(r)->id;
  }
  // The file of another push, closed when the push has ended.
  void add_part(const std::string &name, const std::string &bytes) {
    const std::int64_t push = *catalogue_.begin_push(me_.id(), test::a_push(), "default");
    OpenedFile opened = test::an_open_file(recording_, dir_ / ("." + name + ".part"));
    opened.location_pattern = dir_ / pattern_;
    opened.push_id = push;
    opened.may_be_continued = true;
    ASSERT_TRUE(catalogue_.open_file(opened));
    ASSERT_TRUE(catalogue_.end_push(push));
    test::write_file(dir_ / name, bytes);
    ClosedFile closed = closed_file(opened.temp_path, bytes);
    closed.path = dir_ / name;
    closed.ended += Seconds(parts_++);
    ASSERT_TRUE(catalogue_.close_file(closed));
  }
  ClosedFile closed_file(const std::string &temp_path, const std::string &bytes) const {
    ClosedFile closed = test::a_closed_file(recording_, temp_path);
    closed.video_frames = 0;
    closed.audio_frames = lost_frames_;
    for (auto at = bytes.find("frame"); at != bytes.npos; at = bytes.find("frame", at + 1))
      ++closed.audio_frames;
    return closed;
  }
  void finish() { ASSERT_TRUE(catalogue_.finish_recording(recording_, UtcTime{}, std::nullopt)); }
  JoinReport join() {
    const auto report = join_parts(catalogue_, recording_, nullptr);
    EXPECT_TRUE(report) << report.error().message;
    return report ? *report : JoinReport();
  }
  std::vector<StoredFile> files() { return *catalogue_.files(recording_); }
  std::vector<std::string> names() const {
    std::vector<std::string> list;
    for (const auto &entry : std::filesystem::directory_iterator(dir_.path()))
      if (entry.path().string().find(".flv") != std::string::npos) list.push_back(entry.path().filename());
    std::sort(list.begin(), list.end());
    return list;
  }
  // The one file that must come out of "a.flv" and "b.flv", whatever happened.
  void expect_joined() {
    ASSERT_EQ(files().size(), 1U);
    const StoredFile file = files()[0];
    EXPECT_EQ(file.state, FileState::closed);
    EXPECT_EQ(file.part, PartState::free);
    EXPECT_EQ(file.facts.path, dir_ / kJoined);
    EXPECT_EQ(file.facts.audio_frames, 75U);
    EXPECT_EQ(file.facts.duration, Milliseconds(75 * 24));
    EXPECT_EQ(file.facts.ended, UtcTime(Seconds(1'700'000'155)));
    EXPECT_EQ(file.facts.size_bytes, std::filesystem::file_size(file.facts.path));
    EXPECT_EQ(names(), (std::vector<std::string>{kJoined}));
    EXPECT_EQ(catalogue_.owed()->uploads, 1U);
    EXPECT_EQ(catalogue_.owed()->callbacks, 1U);
    EXPECT_FALSE(*catalogue_.has_parts(recording_));
  }

  static constexpr const char *kJoined = "rec_2023-11-14-22-15-55.flv";
  const SystemClock clock_;
  test::TempDir dir_;
  std::string path_ = dir_ / "catalogue.db";
  Catalogue catalogue_ = *Catalogue::open(path_, clock_);
  OwnerLease me_ = *OwnerLease::create(path_);
  std::int64_t recording_ = 0;
  std::string pattern_ = "rec_{EscapedEndTime}.flv";
  int parts_ = 0;
  std::uint64_t lost_frames_ = 0;  // of each part, since it was closed
};

TEST_F(SpliceJoin, MakesOneFileAndOwesItOnce) {
  add_part("a.flv", flv(50));
  add_part("b.flv", flv(25));
  EXPECT_EQ(catalogue_.owed()->uploads, 0U);
  finish();
  EXPECT_EQ(catalogue_.owed()->uploads, 0U) << "its parts are not announced";
  EXPECT_EQ(*catalogue_.unfinished_recordings(me_.id()), 1U) << "who delivers waits for it";
  const JoinReport report = join();
  ASSERT_EQ(report.joined.size(), 1U);
  EXPECT_EQ(report.joined[0].parts, (std::vector<std::string>{dir_ / "a.flv", dir_ / "b.flv"}));
  expect_joined();
  EXPECT_EQ(*catalogue_.unfinished_recordings(me_.id()), 0U);
  EXPECT_TRUE(join().joined.empty()) << "once";
}

TEST_F(SpliceJoin, OneFileAloneIsOwedWhenTheRecordingEnds) {
  add_part("a.flv", flv(50));
  EXPECT_EQ(catalogue_.owed()->uploads, 0U);
  finish();
  EXPECT_EQ(catalogue_.owed()->uploads, 1U);
  EXPECT_EQ(catalogue_.owed()->callbacks, 1U);
  EXPECT_FALSE(*catalogue_.has_parts(recording_));
}

TEST_F(SpliceJoin, AFileThatIsClosedAfterTheEndIsOwedAtOnce) {
  add_part("a.flv", flv(50));
  finish();
  add_part("b.flv", flv(25));
  EXPECT_EQ(catalogue_.owed()->uploads, 2U);
}

TEST_F(SpliceJoin, ACutInThePushThatGoesOnWaitsForTheFileThatItContinues) {
  add_part("a.flv", flv(50));
  const std::int64_t push = *catalogue_.begin_push(me_.id(), test::a_push(), "default");
  for (const char *name : {"b.flv", "c.flv"}) {
    OpenedFile opened = test::an_open_file(recording_, dir_ / (std::string(".") + name));
    opened.location_pattern = dir_ / "rec_{EscapedEndTime}.flv";
    opened.push_id = push;
    opened.may_be_continued = true;
    ASSERT_TRUE(catalogue_.open_file(opened));
    test::write_file(dir_ / name, flv(25));
    ClosedFile closed = closed_file(opened.temp_path, flv(25));
    closed.path = dir_ / name;
    closed.ended += Seconds(1);
    ASSERT_TRUE(catalogue_.close_file(closed));
    EXPECT_EQ(catalogue_.owed()->uploads, *name == 'b' ? 0U : 1U) << name;
  }
  ASSERT_TRUE(catalogue_.end_push(push));
  finish();
  join();
  EXPECT_EQ(files().size(), 2U);
  EXPECT_EQ(catalogue_.owed()->uploads, 2U);
}

TEST_F(SpliceJoin, MayHaveTheNameOfItsFirstPart) {
  pattern_ = "rec.flv";
  add_part("rec.flv", flv(50));
  add_part("rec-1.flv", flv(25));
  finish();
  EXPECT_FALSE(join_parts(catalogue_, recording_, [] { return true; }));
  EXPECT_EQ(names(), (std::vector<std::string>{"rec-1.flv", "rec.flv"}));
  EXPECT_EQ(join().joined.at(0).parts, (std::vector<std::string>{dir_ / "rec.flv", dir_ / "rec-1.flv"}));
  EXPECT_EQ(names(), (std::vector<std::string>{"rec.flv"}));
  EXPECT_EQ(files().at(0).facts.audio_frames, 75U);
}

TEST_F(SpliceJoin, JoinsWhatFitsAndLeavesTheRest) {
  add_part("a.flv", flv(50));
  add_part("b.flv", flv(25));
  add_part("other.flv", flv(25, '\x2a'));
  add_part("torn.flv", flv(25).substr(0, 100));
  add_part("c.flv", flv(10));
  add_part("d.flv", flv(10));
  finish();
  const JoinReport report = join();
  EXPECT_EQ(report.joined.size(), 2U);
  EXPECT_FALSE(report.left_apart.empty());
  EXPECT_EQ(files().size(), 4U);
  EXPECT_EQ(catalogue_.owed()->uploads, 4U);
  EXPECT_TRUE(std::filesystem::exists(dir_ / "other.flv"));
  EXPECT_EQ(test::read_file(dir_ / "torn.flv"), flv(25).substr(0, 100));
  EXPECT_FALSE(*catalogue_.has_parts(recording_));
}

TEST_F(SpliceJoin, KeepsPartsOfWhichLessWouldRemainThanWasRecorded) {
  lost_frames_ = 1;
  add_part("a.flv", flv(50));
  add_part("b.flv", flv(25));
  finish();
  const JoinReport report = join();
  EXPECT_TRUE(report.joined.empty());
  ASSERT_EQ(report.left_apart.size(), 1u);
  EXPECT_NE(report.left_apart[0].message.find("77 frames of sound, joined they would have 0 and 75"),
            std::string::npos)
      << report.left_apart[0].message;
  EXPECT_EQ(names(), (std::vector<std::string>{"a.flv", "b.flv"}));
  EXPECT_EQ(catalogue_.owed()->uploads, 2U);
}

TEST_F(SpliceJoin, APartThatIsGoneHoldsUpNobody) {
  add_part("a.flv", flv(50));
  add_part("b.flv", flv(25));
  std::filesystem::remove(dir_ / "a.flv");
  finish();
  EXPECT_TRUE(join().joined.empty());
  EXPECT_EQ(catalogue_.owed()->uploads, 2U);
  EXPECT_EQ(test::read_file(dir_ / "b.flv"), flv(25));
}

TEST_F(SpliceJoin, OnADiskThatFailsTheFilesAreGoodAsTheyAre) {
  add_part("a.flv", flv(50));
  add_part("b.flv", flv(25));
  finish();
  test::DiskFaults faults(".a.flv-");
  faults.room(1000);
  const JoinReport report = join();
  ASSERT_EQ(report.left_apart.size(), 1U);
  EXPECT_NE(report.left_apart[0].message.find("No space left"), std::string::npos);
  EXPECT_EQ(names(), (std::vector<std::string>{"a.flv", "b.flv"})) << "nothing else is left";
  EXPECT_EQ(test::read_file(dir_ / "a.flv"), flv(50));
  EXPECT_EQ(catalogue_.owed()->uploads, 2U);
  EXPECT_FALSE(*catalogue_.has_parts(recording_));
}

TEST_F(SpliceJoin, ItsBytesAreOnTheDiskBeforeItHasItsName) {
  add_part("a.flv", flv(50));
  add_part("b.flv", flv(25));
  finish();
  const test::DiskFaults faults(dir_.path());
  join();
  const auto calls = faults.calls();
  const auto place = [&](const std::string &what) { return std::find(calls.begin(), calls.end(), what); };
  ASSERT_NE(place(std::string("rename ") + kJoined), calls.end());
  EXPECT_LT(place("fsync .a.flv-1.part"), place(std::string("rename ") + kJoined));
  EXPECT_LT(place(std::string("rename ") + kJoined), place("fsync " + dir_.path().filename().string()));
}

TEST_F(SpliceJoin, LeavesThePartsWhenItIsCancelledAndGoesOnLater) {
  add_part("a.flv", flv(50));
  add_part("b.flv", flv(25));
  finish();
  const auto cancelled = join_parts(catalogue_, recording_, [] { return true; });
  ASSERT_FALSE(cancelled);
  EXPECT_EQ(cancelled.error().code, Errc::cancelled);
  EXPECT_EQ(names(), (std::vector<std::string>{"a.flv", "b.flv"}));
  EXPECT_EQ(files().size(), 2U);
  EXPECT_EQ(catalogue_.owed()->uploads, 0U);
  join();
  expect_joined();
}

// ---- Death at every step: what is on the disk and in the catalogue then, and what the next one makes of it

class SpliceJoinDeath : public SpliceJoin {
 protected:
  void SetUp() override {
    add_part("a.flv", flv(50));
    add_part("b.flv", flv(25));
    finish();
  }
  std::int64_t begin() {
    OpenedFile opened = test::an_open_file(recording_, temp_);
    opened.location_pattern = dir_ / "rec_{EscapedEndTime}.flv";
    opened.push_id = part("a.flv").push_id;
    return *catalogue_.begin_join(opened);
  }
  StoredFile part(const std::string &name) {
    const auto all = files();
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const StoredFile &f) { return f.facts.path == dir_ / name; });
    EXPECT_NE(found, all.end()) << name;
    return found == all.end() ? StoredFile() : *found;
  }
  void write() {
    auto file = DiskFile::create(temp_);
    ASSERT_TRUE(file);
    ASSERT_TRUE(join_files(Format::flv, {dir_ / "a.flv", dir_ / "b.flv"}, JoinWhat::all, *file, nullptr));
  }
  Status note_parts(std::int64_t row) {
    return catalogue_.set_parts(row, {part("a.flv").id, part("b.flv").id}, dir_ / kJoined);
  }
  Status close() {
    ClosedFile closed = part("a.flv").facts;
    closed.temp_path = temp_;
    closed.path = dir_ / kJoined;
    closed.ended = UtcTime(Seconds(1'700'000'155));
    closed.duration = Milliseconds(75 * 24);
    closed.audio_frames = 75;
    closed.size_bytes = std::filesystem::file_size(closed.path);
    return catalogue_.close_file(closed);
  }
  // Somebody else takes over, as when the process died.
  void recover_and_join() {
    const std::string dead = me_.id();
    me_ = *OwnerLease::create(path_);
    const auto report = recover(catalogue_, path_, me_.id(), clock_);
    ASSERT_TRUE(report) << report.error().message;
    ASSERT_EQ(report->joins, std::vector<std::int64_t>{recording_});
    join();
    expect_joined();
  }
  const std::string temp_ = dir_ / ".a.flv-1.part";
};

TEST_F(SpliceJoinDeath, BeforeAnything) { recover_and_join(); }

TEST_F(SpliceJoinDeath, WithAnEmptyFile) {
  test::write_file(temp_, "");
  std::filesystem::remove(temp_);
  begin();
  test::write_file(temp_, "");
  recover_and_join();
}

TEST_F(SpliceJoinDeath, WhileItIsWritten) {
  begin();
  test::write_file(temp_, flv(30));
  recover_and_join();
}

TEST_F(SpliceJoinDeath, WhenItIsWritten) {
  const std::int64_t row = begin();
  write();
  ASSERT_TRUE(note_parts(row));
  recover_and_join();
}

TEST_F(SpliceJoinDeath, WhenThePartThatHasItsNameIsMovedAside) {
  for (const bool moved : {false, true}) {
    const std::int64_t row = begin();
    write();
    ASSERT_TRUE(catalogue_.set_parts(row, {part("a.flv").id, part("b.flv").id}, dir_ / "a.flv"));
    ASSERT_TRUE(catalogue_.set_part_path(part("a.flv").id, dir_ / ".a.flv.joined"));
    if (moved) std::filesystem::rename(dir_ / "a.flv", dir_ / ".a.flv.joined");
    EXPECT_FALSE(join_parts(catalogue_, recording_, [] { return true; }));
    EXPECT_EQ(names(), (std::vector<std::string>{"a.flv", "b.flv"})) << "they are as they were";
    EXPECT_NE(part("a.flv").id, 0);
  }
  recover_and_join();
}

TEST_F(SpliceJoinDeath, WhenItHasItsName) {
  const std::int64_t row = begin();
  write();
  ASSERT_TRUE(note_parts(row));
  std::filesystem::rename(temp_, dir_ / kJoined);
  recover_and_join();
}

TEST_F(SpliceJoinDeath, WhenItsRowIsClosed) {
  const std::int64_t row = begin();
  write();
  ASSERT_TRUE(note_parts(row));
  std::filesystem::rename(temp_, dir_ / kJoined);
  ASSERT_TRUE(close());
  recover_and_join();
}

TEST_F(SpliceJoinDeath, WhenSomePartsAreGone) {
  const std::int64_t row = begin();
  write();
  ASSERT_TRUE(note_parts(row));
  std::filesystem::rename(temp_, dir_ / kJoined);
  ASSERT_TRUE(close());
  std::filesystem::remove(dir_ / "a.flv");
  ASSERT_TRUE(catalogue_.forget_part(part("a.flv").id));
  std::filesystem::remove(dir_ / "b.flv");
  recover_and_join();
}

// In a process of its own, which dies after so many microseconds.
void join_until_death(const std::string &path, std::int64_t recording, unsigned microseconds) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    itimerval death{};
    death.it_value.tv_usec = static_cast<suseconds_t>(microseconds);
    setitimer(ITIMER_REAL, &death, nullptr);  // nobody handles SIGALRM
    const SystemClock clock;
    auto catalogue = Catalogue::open(path, clock);
    if (catalogue) (void)join_parts(*catalogue, recording, nullptr);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
}

TEST_F(SpliceJoin, DyingAtAnyMomentLosesNothing) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const int rounds = std::getenv("REC_LONG") ? 200 : 10;
  for (int round = 1; round <= rounds; ++round) {
    SCOPED_TRACE(round);
    NewRecording r = test::a_recording(me_.id(), std::to_string(round));
    r.directory = dir_.path();
    recording_ = catalogue_.start_recording(r)->id;
    const std::string name = "r" + std::to_string(round) + (random() % 2 ? ".flv" : "_{EscapedEndTime}.flv");
    pattern_ = name;
    const std::string number = std::to_string(round);
    add_part(name.ends_with("}.flv") ? "a" + number + ".flv" : name, flv(50));
    add_part("b" + number + ".flv", flv(25));
    finish();
    for (int deaths = 1 + static_cast<int>(random() % 3); deaths > 0; --deaths)
      join_until_death(path_, recording_, 1 + random() % 40'000);
    const std::string dead = me_.id();
    me_ = *OwnerLease::create(path_);
    const auto report = recover(catalogue_, path_, me_.id(), clock_);
    ASSERT_TRUE(report) << report.error().message;
    join();
    ASSERT_EQ(files().size(), 1U);
    EXPECT_EQ(files()[0].facts.audio_frames, 75U);
    EXPECT_EQ(*catalogue_.has_parts(recording_), false);
    EXPECT_EQ(catalogue_.owed()->uploads, static_cast<std::uint64_t>(round));
    EXPECT_EQ(names().size(), static_cast<std::size_t>(round)) << "nothing else is left";
    const auto source_bytes = test::read_file(files()[0].facts.path);
    EXPECT_EQ(source_bytes.size(), files()[0].facts.size_bytes);
    EXPECT_NE(source_bytes.find("frame49"), std::string::npos);
  }
}

}  // namespace
}  // namespace rec
