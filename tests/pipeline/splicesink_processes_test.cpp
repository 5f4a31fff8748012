// SPDX-License-Identifier: LGPL-2.1-or-later
// splicesink in several processes: some are killed, others race for one recording.
#include <iostream>
#include <memory>
#include <random>
#include <set>

#include "tests/common/victim.h"
#include "tests/pipeline/splicesink_fixture.h"

namespace rec::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Nanoseconds kStep = milliseconds(40);
constexpr seconds kLength{60};
constexpr seconds kCache{5};  // that the server sends again
constexpr int kSpeed = 4;     // times real time

std::string line_at(const std::string &directory) {
  const bool is_cmaf = std::filesystem::exists(directory + "/cmaf");
  return std::string("splicesink target-duration=3 splice-timeout=60000000000 segment-format=") +
         (is_cmaf ? "cmaf" : "ts") + " playlist-location=" + directory + "/live.m3u8";
}

struct Published {
  Media video;
  Media audio;
};

Published all_media() {
  VideoSpec video_spec;
  video_spec.frames = 25 * kLength.count();
  AudioSpec audio_spec;
  audio_spec.frames = 48000 * kLength.count() / 1024;
  return {video(video_spec), audio(audio_spec)};
}

Published read_media(const std::string &directory) {
  const std::string sent = read_file(directory + "/media");
  std::string_view rest = sent;
  Media v = take_media(rest);
  return {std::move(v), take_media(rest)};
}

void send_between(Publisher &publisher, const Published &media, Nanoseconds from, Nanoseconds to) {
  publisher.send({{"video", between(media.video, from, to)}, {"audio_0", between(media.audio, from, to)}});
}

template <typename Condition>
bool comes_true(Condition condition) {
  const auto until = std::chrono::steady_clock::now() + kDeadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    wait_for(milliseconds(1));
  }
  return true;
}

// Runs in the process that is killed. Goes on where the last one was, with what a cache holds before it.
TEST(SplicerProcess, DISABLED_Records) {
  const std::string directory = victims_directory();
  const Published media = read_media(directory);
  SharedNumber sent(directory + "/sent");
  const Nanoseconds live(sent.get());
  const auto from = std::max<Nanoseconds>(Nanoseconds(0), std::chrono::floor<seconds>(live) - kCache);
  Publisher publisher(line_at(directory));
  if (live > from) send_between(publisher, media, from, live);
  for (Nanoseconds at = live; at < kLength; at += kStep) {
    send_between(publisher, media, at, at + kStep);
    sent.set((at + kStep).count());
    wait_for(kStep / kSpeed);
  }
}

// Every segment of `before` is still listed, and everything that is listed is there.
void expect_nothing_missing(const std::string &path, const MediaPlaylist &before) {
  const auto now = playlist_at(path);
  ASSERT_GE(now.segments.size(), before.segments.size());
  EXPECT_TRUE(std::equal(before.segments.begin(), before.segments.end(), now.segments.begin()));
  for (const std::string &file : segment_files(path)) EXPECT_GT(read_file(file).size(), 500u) << file;
}

// Both are in one order, and of every frame there is one: what is missing, in runs.
std::vector<std::size_t> missing_runs(const std::vector<std::string> &recorded,
                                      const std::vector<std::string> &sent) {
  std::vector<std::size_t> runs;
  std::size_t at = 0;
  for (const std::string &frame : recorded) {
    std::size_t run = 0;
    while (at < sent.size() && sent[at] != frame) ++at, ++run;
    if (run > 0) runs.push_back(run);
    if (at == sent.size()) {
      ADD_FAILURE() << "a frame twice, or in another order";
      return runs;
    }
    ++at;
  }
  if (at < sent.size()) runs.push_back(sent.size() - at);
  return runs;
}

class KilledSplicer : public ::testing::TestWithParam<const char *> {
 protected:
  // One recording that dies again and again, every time a little later.
  void record_and_kill(std::mt19937 &random) {
    const TempDir dir;
    const std::string path = dir / "live.m3u8";
    if (std::string(GetParam()) == "cmaf") write_file(dir / "cmaf", "");
    write_file(dir / "media", text_of(media_.video) + text_of(media_.audio));
    SharedNumber sent_until(dir / "sent");
    MediaPlaylist before;
    unsigned kills_here = 0;
    while (Nanoseconds(sent_until.get()) < kLength - seconds(2) && kills_ < most_kills_) {
      const Nanoseconds dies =
          Nanoseconds(sent_until.get()) + milliseconds(std::uniform_int_distribution<int>(40, 2500)(random));
      Victim victim("SplicerProcess.DISABLED_Records", dir.path().string());
      ASSERT_TRUE(
          comes_true([&] { return Nanoseconds(sent_until.get()) >= std::min<Nanoseconds>(dies, kLength); }));
      wait_for(std::chrono::microseconds(random() % 8000));
      victim.kill_it();
      ++kills_here;
      ++kills_;
      if (std::filesystem::exists(path)) {
        expect_nothing_missing(path, before);
        before = playlist_at(path);
      }
    }
    const Nanoseconds live(sent_until.get());
    Publisher last(line_at(dir.path().string()));
    send_between(last, media_,
                 std::max<Nanoseconds>(Nanoseconds(0), std::chrono::floor<seconds>(live) - kCache),
                 kLength + seconds(1));
    last.end_all();
    EXPECT_TRUE(wait_for_element_message(last.pipeline(), "splicesink-recording-paused"));
    g_signal_emit_by_name(last.element(), "cancel-delay");
    wait_for_eos(last);
    expect_nothing_missing(path, before);
    expect_sound(path);
    EXPECT_FALSE(std::filesystem::exists(dir / "live-1.m3u8")) << "another recording was begun";
    for (const std::string &name : dir.files()) EXPECT_FALSE(name.ends_with(".part")) << name;
    const auto runs = missing_runs(recorded(path, "video"), sent_video_);
    EXPECT_LE(runs.size(), kills_here);
    for (const std::size_t run : runs)
      EXPECT_LT(run, 25u) << "what is repeated is dropped to the next keyframe";
    std::cout << kills_ << " kills, " << discontinuities(playlist_at(path)) << " discontinuities"
              << std::endl;
  }

  const Published media_ = all_media();
  const std::vector<std::string> sent_video_ = sent(media_.video, "video");
  unsigned kills_ = 0;
  unsigned most_kills_ = g_getenv("REC_LONG") ? 200 : 8;
};

TEST_P(KilledSplicer, IsContinuedWithoutLosingWhatIsSentAgain) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  while (kills_ < most_kills_ && !HasFatalFailure()) record_and_kill(random);
}

INSTANTIATE_TEST_SUITE_P(Segments, KilledSplicer, ::testing::Values("ts", "cmaf"));

// Where racers and the one who starts them meet: each round is `go` (its number), then all are done.
struct Racetrack {
  explicit Racetrack(const std::string &directory) : go(directory + "/go") {
    for (const std::string racer : {"0", "1"}) {
      done.push_back(std::make_unique<SharedNumber>(directory + "/done" + racer));
      started.push_back(std::make_unique<SharedNumber>(directory + "/started" + racer));
      resumed.push_back(std::make_unique<SharedNumber>(directory + "/resumed" + racer));
    }
  }
  SharedNumber go;
  std::vector<std::unique_ptr<SharedNumber>> done;
  std::vector<std::unique_ptr<SharedNumber>> started;
  std::vector<std::unique_ptr<SharedNumber>> resumed;  // 1: continues what was there
};

std::string round_directory(const std::string &directory, std::int64_t round) {
  return directory + "/round" + std::to_string(round);
}

void race(const std::string &directory, std::size_t racer) {
  const Published media = read_media(directory);
  Racetrack track(directory);
  for (std::int64_t round = 1;; ++round) {
    while (track.go.get() < round) g_thread_yield();  // both are off at the same instant
    Publisher publisher(line_at(round_directory(directory, round)));
    const auto from = seconds(2) + seconds(static_cast<int>(racer));
    send_between(publisher, media, from, from + seconds(1));
    const auto started = wait_for_element_message(publisher.pipeline(), "splicesink-recording-started");
    gboolean resumed = FALSE;
    gst_structure_get_boolean(gst_message_get_structure(started.get()), "resumed", &resumed);
    track.started[racer]->set(round);
    // A push that had ended could be continued by the other one.
    while (track.started[1 - racer]->get() < round) g_thread_yield();
    publisher.end_all();
    wait_for_element_message(publisher.pipeline(), "splicesink-recording-paused");
    track.resumed[racer]->set(resumed);
    track.done[racer]->set(round);
  }
}

TEST(SplicerProcess, DISABLED_RacesFirst) { race(victims_directory(), 0); }
TEST(SplicerProcess, DISABLED_RacesSecond) { race(victims_directory(), 1); }

std::vector<std::size_t> frames_per_recording(const std::string &directory) {
  std::vector<std::size_t> frames;
  std::set<std::string> listed;
  for (const std::string name : {"live.m3u8", "live-1.m3u8", "live-2.m3u8"}) {
    const std::string path = directory + "/" + name;
    if (!std::filesystem::exists(path)) continue;
    frames.push_back(frames_in(path, true));
    for (const std::string &file : segment_files(path)) EXPECT_TRUE(listed.insert(file).second) << file;
  }
  for (const auto &entry : std::filesystem::directory_iterator(directory))
    EXPECT_TRUE(entry.path().extension() != ".ts" || listed.count(entry.path())) << entry.path();
  return frames;
}

TEST(RacingSplicers, ExactlyOneContinuesTheRecording) {
  const TempDir dir;
  const Published media = all_media();
  write_file(dir / "media", text_of(media.video) + text_of(media.audio));
  Racetrack track(dir.path().string());
  const Victim first("SplicerProcess.DISABLED_RacesFirst", dir.path().string());
  const Victim second("SplicerProcess.DISABLED_RacesSecond", dir.path().string());
  const std::int64_t rounds = g_getenv("REC_LONG") ? 500 : 10;
  unsigned first_wins = 0;
  for (std::int64_t round = 1; round <= rounds && !::testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    const std::string directory = round_directory(dir.path().string(), round);
    Publisher old(line_at(directory));  // lives on, and waits
    send_between(old, media, seconds(0), seconds(2));
    old.end_all();
    ASSERT_TRUE(wait_for_element_message(old.pipeline(), "splicesink-recording-paused"));
    track.go.set(round);
    ASSERT_TRUE(comes_true([&] { return track.done[0]->get() == round && track.done[1]->get() == round; }));
    EXPECT_EQ(track.resumed[0]->get() + track.resumed[1]->get(), 1);
    first_wins += track.resumed[0]->get() == 1;
    const auto messages = wait_for_eos(old);
    EXPECT_EQ(structures_named(messages, "splicesink-recording-released").size(), 1u);
    EXPECT_EQ(frames_per_recording(directory), (std::vector<std::size_t>{75, 25}));
    std::filesystem::remove_all(directory);
  }
  std::cout << rounds << " races, the first process won " << first_wins << std::endl;
}

}  // namespace
}  // namespace rec::test
