// SPDX-License-Identifier: LGPL-2.1-or-later
// splicesink over several pushes: in one pipeline, in a new one (a new process finds the same on disk), after
// a crash, and with an application that decides.
#include "gst/splicesink/splicesink.h"
#include "tests/pipeline/splicesink_fixture.h"

namespace rec::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr char kLong[] = "splice-timeout=60000000000";
constexpr char kShort[] = "splice-timeout=300000000";

void push(Publisher &publisher) { publisher.send({{"video", video()}, {"audio_0", audio()}}); }

// Publishes, ends, and leaves the recording paused.
void push_and_pause(Publisher &publisher) {
  push(publisher);
  publisher.end_all();
  EXPECT_TRUE(wait_for_element_message(publisher.pipeline(), "splicesink-recording-paused"));
}

void expect_two_pushes(const std::string &path) {
  expect_sound(path);
  const auto playlist = playlist_at(path);
  EXPECT_EQ(playlist.segments.size(), 6u);
  EXPECT_EQ(discontinuities(playlist), 1u);
  EXPECT_TRUE(playlist.segments.at(3).discontinuity);
  const auto twice = joined(sent(video(), "video"), sent(video(), "video"));
  EXPECT_EQ(recorded(path, "video"), twice);
  EXPECT_EQ(recorded(path, "audio").size(), 2 * audio().units.size());
  EXPECT_EQ(playback_complaints(path), "");
}

TEST(SpliceSinkResume, KeepsThePlaylistOpenWhileItHoldsEos) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, kLong));
  push_and_pause(publisher);
  const auto playlist = playlist_at(dir / "live.m3u8");
  EXPECT_EQ(playlist.type, PlaylistType::event);
  EXPECT_FALSE(playlist.end_list);
  EXPECT_FALSE(playlist.open);
  EXPECT_EQ(playlist.segments.size(), 3u);
  const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(publisher.pipeline()));
  EXPECT_FALSE(Ref<GstMessage>::adopt(gst_bus_pop_filtered(bus.get(), GST_MESSAGE_EOS)));
}

TEST(SpliceSinkResume, ContinuesThePlaylistWithASecondPushInTheSamePipeline) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, kLong));
  push_and_pause(publisher);
  push_and_pause(publisher);
  g_signal_emit_by_name(publisher.element(), "cancel-delay");
  wait_for_eos(publisher);
  expect_two_pushes(dir / "live.m3u8");
  EXPECT_TRUE(playlist_at(dir / "live.m3u8").end_list);
}

TEST(SpliceSinkResume, FinishesAndPostsEosWhenNobodyComesBack) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, kShort));
  push(publisher);
  const auto messages = finish(publisher);
  EXPECT_EQ(structures_named(messages, "splicesink-recording-paused").size(), 1u);
  EXPECT_EQ(structures_named(messages, "splicesink-recording-finished").size(), 1u);
  EXPECT_TRUE(playlist_at(dir / "live.m3u8").end_list);
  EXPECT_EQ(dir.files().size(), 4u);  // no note is left behind
}

TEST(SpliceSinkResume, CancelDelayEndsTheWait) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, kLong));
  push_and_pause(publisher);
  g_signal_emit_by_name(publisher.element(), "cancel-delay");
  wait_for_eos(publisher);
  EXPECT_TRUE(playlist_at(dir / "live.m3u8").end_list);
}

TEST(SpliceSinkResume, StopsAtOnceWhileItHolds) {
  const TempDir dir;
  {
    Publisher publisher(splice_line(dir, kLong));
    push_and_pause(publisher);
    const auto before = std::chrono::steady_clock::now();
    gst_element_set_state(publisher.pipeline(), GST_STATE_NULL);
    EXPECT_LT(std::chrono::steady_clock::now() - before, seconds(5));
  }
  EXPECT_FALSE(playlist_at(dir / "live.m3u8").end_list);
}

TEST(SpliceSinkResume, ContinuesWhatAnotherElementPaused) {
  const TempDir dir;
  {
    Publisher first(splice_line(dir, kLong));
    push_and_pause(first);
  }
  Publisher second(splice_line(dir, kShort));
  push(second);
  const auto messages = finish(second);
  const auto started = structures_named(messages, "splicesink-recording-started");
  ASSERT_EQ(started.size(), 1u);
  gboolean resumed = FALSE;
  gst_structure_get_boolean(started[0], "resumed", &resumed);
  EXPECT_TRUE(resumed);
  expect_two_pushes(dir / "live.m3u8");
}

TEST(SpliceSinkResume, ContinuesWhatWasStoppedWithoutEos) {
  const TempDir dir;
  {
    Publisher first(splice_line(dir, kLong));
    push(first);
  }
  EXPECT_FALSE(playlist_at(dir / "live.m3u8").end_list);
  Publisher second(splice_line(dir, kShort));
  push(second);
  finish(second);
  expect_two_pushes(dir / "live.m3u8");
}

TEST(SpliceSinkResume, GivesUpWhatAnotherElementContinuesWhileItHolds) {
  const TempDir dir;
  Publisher first(splice_line(dir, kLong));
  push_and_pause(first);
  Publisher second(splice_line(dir, kShort));
  push(second);
  const auto messages = wait_for_eos(first);
  EXPECT_EQ(structures_named(messages, "splicesink-recording-released").size(), 1u);
  EXPECT_EQ(structures_named(messages, "splicesink-recording-finished").size(), 0u);
  finish(second);
  expect_two_pushes(dir / "live.m3u8");
}

TEST(SpliceSinkResume, RecordsTwoPushesAtTheSameTimeApart) {
  const TempDir dir;
  Publisher first(splice_line(dir, kShort)), second(splice_line(dir, kShort));
  push(first);
  EXPECT_TRUE(wait_for_element_message(first.pipeline(), "splicesink-recording-started"));
  push(second);
  finish(first);
  finish(second);
  for (const std::string name : {"live.m3u8", "live-1.m3u8"}) {
    expect_sound(dir / name);
    EXPECT_EQ(recorded(dir / name, "video"), sent(video(), "video"));
  }
}

TEST(SpliceSinkSilence, LetsAnotherElementContinueWhatASilentSourceLeft) {
  const TempDir dir;
  Publisher vanished(splice_line(dir, "splice-timeout=60000000000 idle-timeout=300000000"));
  push(vanished);
  EXPECT_TRUE(wait_for_element_message(vanished.pipeline(), "splicesink-recording-paused"));
  Publisher second(splice_line(dir, kShort));
  push(second);
  EXPECT_TRUE(wait_for_element_message(vanished.pipeline(), "splicesink-recording-released"));
  finish(second);
  expect_two_pushes(dir / "live.m3u8");
  const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(vanished.pipeline()));
  EXPECT_FALSE(Ref<GstMessage>::adopt(gst_bus_pop_filtered(bus.get(), GST_MESSAGE_EOS))) << "no pad had one";
}

TEST(SpliceSinkSilence, ContinuesWhenTheSourceHasSomethingToSayAgain) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, "splice-timeout=60000000000 idle-timeout=300000000"));
  const auto half = seconds(3);
  publisher.send({{"video", video().part(Nanoseconds(0), half, Nanoseconds(0))},
                  {"audio_0", audio().part(Nanoseconds(0), half, Nanoseconds(0))}});
  EXPECT_TRUE(wait_for_element_message(publisher.pipeline(), "splicesink-recording-paused"));
  publisher.send(
      {{"video", video().part(half, seconds(60), half)}, {"audio_0", audio().part(half, seconds(60), half)}});
  publisher.end_all();
  EXPECT_TRUE(wait_for_element_message(publisher.pipeline(), "splicesink-recording-paused"));
  g_signal_emit_by_name(publisher.element(), "cancel-delay");
  wait_for_eos(publisher);
  expect_sound(dir / "live.m3u8");
  EXPECT_EQ(recorded(dir / "live.m3u8", "video"), sent(video(), "video"));
  EXPECT_EQ(discontinuities(playlist_at(dir / "live.m3u8")), 0u) << "its timestamps go on";
}

TEST(SpliceSinkSilence, FinishesARecordingAfterTheSpliceTimeoutAndThenBeginsAnother) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, "splice-timeout=300000000 idle-timeout=300000000"));
  push(publisher);
  EXPECT_TRUE(wait_for_element_message(publisher.pipeline(), "splicesink-recording-finished"));
  EXPECT_TRUE(playlist_at(dir / "live.m3u8").end_list);
  publisher.send({{"video", video().moved(seconds(10))}, {"audio_0", audio().moved(seconds(10))}});
  finish(publisher);
  expect_sound(dir / "live-1.m3u8");
  EXPECT_EQ(recorded(dir / "live-1.m3u8", "video"), sent(video(), "video"));
}

// Publishes again, and ends, from within the thread that says that the recording is finished.
GstBusSyncReply push_once_finished(GstBus *, GstMessage *message, gpointer publisher) {
  if (gst_message_has_name(message, "splicesink-recording-finished"))
    if (auto *again = std::exchange(*static_cast<Publisher **>(publisher), nullptr)) {
      again->send({{"video", video().moved(seconds(10))}, {"audio_0", audio().moved(seconds(10))}});
      again->end_all();
    }
  return GST_BUS_PASS;
}

TEST(SpliceSinkSilence, PostsTheEosOfTheNextPushWhenThatOneIsRecorded) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, "splice-timeout=300000000 idle-timeout=300000000"));
  Publisher *again = &publisher;
  const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(publisher.pipeline()));
  gst_bus_set_sync_handler(bus.get(), push_once_finished, &again, nullptr);
  push(publisher);
  const auto messages = wait_for_eos(publisher);
  EXPECT_EQ(structures_named(messages, "splicesink-recording-finished").size(), 2u);
  expect_sound(dir / "live-1.m3u8");
  EXPECT_EQ(recorded(dir / "live-1.m3u8", "video"), sent(video(), "video"));
}

TEST(SpliceSinkResume, StartsAnotherRecordingAfterTheTimeout) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, kShort));
  push(publisher);
  finish(publisher);
  const std::string first = read_file(dir / "live.m3u8");
  push(publisher);
  finish(publisher);
  EXPECT_EQ(read_file(dir / "live.m3u8"), first);
  expect_sound(dir / "live-1.m3u8");
  EXPECT_EQ(discontinuities(playlist_at(dir / "live-1.m3u8")), 0u);
}

TEST(SpliceSinkResume, StartsAnotherRecordingWithEveryPushWhenItIsOff) {
  const TempDir dir;
  Publisher publisher(splice_line(dir));
  push(publisher);
  finish(publisher);
  gst_element_set_state(publisher.pipeline(), GST_STATE_NULL);
  gst_element_set_state(publisher.pipeline(), GST_STATE_PLAYING);
  push(publisher);
  finish(publisher);
  for (const std::string name : {"live.m3u8", "live-1.m3u8"}) {
    expect_sound(dir / name);
    EXPECT_EQ(recorded(dir / name, "video"), sent(video(), "video"));
  }
}

bool dir_has(const TempDir &dir, const std::string &name) {
  return std::filesystem::exists(dir / name) && std::filesystem::file_size(dir / name) > 188 * 100;
}

// A directory as it was at some instant: what a process leaves that is killed then.
void copy_folder(const TempDir &from, const TempDir &to) {
  for (const auto &name : from.files()) {
    std::string bytes = read_file(from / name);
    if (name == "live.m3u8" || name.ends_with(".splice"))
      for (auto at = bytes.find(from.path()); at != bytes.npos; at = bytes.find(from.path()))
        bytes.replace(at, from.path().string().size(), to.path());
    write_file(to / name, bytes);
  }
}

TEST(SpliceSinkResume, ListsWhatADeadProcessWasWritingAndContinues) {
  expect_lint_complaint("EXT-X-TARGETDURATION changed");  // a slow machine is sent many frames in one GOP
  const TempDir live, dead;
  {
    Publisher first(splice_line(live, kLong));
    push(first);
    EXPECT_TRUE(wait_for_element_message(first.pipeline(), "splicesink-segment-added"));
    EXPECT_TRUE(wait_for_element_message(first.pipeline(), "splicesink-segment-added"));
    // The third segment is being written; what the muxer holds back comes with the next frames.
    Nanoseconds at = video().end();
    const auto part = [&] { return dir_has(live, ".segment00002.ts.part"); };
    const auto deadline = std::chrono::steady_clock::now() + kDeadline;
    for (; !part() && std::chrono::steady_clock::now() < deadline; at += milliseconds(40))
      first.send({{"video", video().part(milliseconds(40), milliseconds(80), at)}});
    ASSERT_TRUE(part());
    copy_folder(live, dead);
  }
  write_file(dead / ".segment00002.ts.part", read_file(dead / ".segment00002.ts.part") + "torn");
  Publisher second(splice_line(dead, kShort));
  second.send({{"video", video().moved(seconds(100))}, {"audio_0", audio().moved(seconds(100))}});
  const auto messages = finish(second, true);
  EXPECT_EQ(structures_named(messages, "splicesink-segment-added").size(), 4u);
  const std::string path = dead / "live.m3u8";
  expect_sound(path);
  const auto playlist = playlist_at(path);
  ASSERT_EQ(playlist.segments.size(), 6u);
  EXPECT_EQ(discontinuities(playlist), 1u);
  EXPECT_TRUE(playlist.segments[3].discontinuity);
  EXPECT_EQ(playback_complaints(segment_files(path).at(2)), "");
  EXPECT_FALSE(std::filesystem::exists(dead / ".segment00002.ts.part"));
}

TEST(SpliceSinkResume, KeepsOfATornSegmentWhatPlaysWithoutComplaint) {
  const TempDir dir;
  Publisher publisher(splice_line(dir));
  push(publisher);
  finish(publisher);
  const std::string whole = read_file(dir / "segment00000.ts");
  for (std::size_t size = 20'000; size < whole.size(); size += whole.size() / 7) {
    const std::string torn = whole.substr(0, size);
    const auto scan = scan_ts({reinterpret_cast<const std::uint8_t *>(torn.data()), torn.size()});
    EXPECT_LT(size - scan.complete_bytes, 20'000u);
    write_file(dir / "kept.ts", torn.substr(0, scan.complete_bytes));
    EXPECT_EQ(playback_complaints(dir / "kept.ts"), "") << size;
    const auto video =
        std::find_if(scan.tracks.begin(), scan.tracks.end(), [](const auto &t) { return t.is_video; });
    ASSERT_NE(video, scan.tracks.end());
    EXPECT_EQ(packets_of(dir / "kept.ts")["video"].size(), video->frames);
    EXPECT_GE(scan.duration(), video->frame() * static_cast<std::int64_t>(video->frames));
  }
}

// An application that decides instead of the note.
struct Owner {
  std::string continues;  // answer to claim-recording; empty: a new recording
  std::atomic<int> hold{REC_SPLICE_HOLD_WAIT};
  std::atomic<guint64> last_waited{0};
  std::atomic<unsigned> claims{0};

  explicit Owner(const Publisher &publisher) {
    g_signal_connect(publisher.element(), "claim-recording",
                     G_CALLBACK(+[](GstElement *, gpointer data) -> gchar * {
                       auto *self = static_cast<Owner *>(data);
                       ++self->claims;
                       return self->continues.empty() ? nullptr : g_strdup(self->continues.c_str());
                     }),
                     this);
    g_signal_connect(publisher.element(), "poll-hold",
                     G_CALLBACK(+[](GstElement *, guint64 waited, gpointer data) -> int {
                       auto *self = static_cast<Owner *>(data);
                       self->last_waited = waited;
                       return self->hold;
                     }),
                     this);
  }
};

TEST(SpliceSinkOwner, DecidesWhatIsContinued) {
  const TempDir dir;
  {
    Publisher first(splice_line(dir, kLong));
    Owner owner(first);
    push_and_pause(first);
    EXPECT_EQ(owner.claims, 1u);
  }
  EXPECT_FALSE(std::filesystem::exists(dir / ".live.m3u8.splice"));  // it is not needed
  Publisher second("splicesink target-duration=2 splice-timeout=60000000000 playlist-location=" +
                   (dir / "other.m3u8"));
  Owner owner(second);
  owner.continues = dir / "live.m3u8";
  push(second);
  owner.hold = REC_SPLICE_HOLD_FINISH;
  finish(second);
  expect_two_pushes(dir / "live.m3u8");
  EXPECT_TRUE(playlist_at(dir / "live.m3u8").end_list);
}

TEST(SpliceSinkOwner, TakesTheRecordingAway) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, kLong));
  Owner owner(publisher);
  push_and_pause(publisher);
  const std::string before = read_file(dir / "live.m3u8");
  owner.hold = REC_SPLICE_HOLD_GONE;
  const auto messages = wait_for_eos(publisher);
  EXPECT_EQ(structures_named(messages, "splicesink-recording-released").size(), 1u);
  EXPECT_EQ(read_file(dir / "live.m3u8"), before);
}

TEST(SpliceSinkOwner, IsToldWhenTheWaitMustEnd) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, kLong));
  Owner owner(publisher);
  push_and_pause(publisher);
  g_signal_emit_by_name(publisher.element(), "cancel-delay");
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (owner.last_waited != G_MAXUINT64 && std::chrono::steady_clock::now() < deadline) g_thread_yield();
  EXPECT_EQ(owner.last_waited, G_MAXUINT64);
  owner.hold = REC_SPLICE_HOLD_FINISH;
  wait_for_eos(publisher);
}

TEST(SpliceSinkOwner, GetsAnotherRecordingInsteadOfAPlaylistThatCannotBeContinued) {
  const TempDir dir;
  write_file(dir / "broken.m3u8", "#EXTM3U\n#EXT-X-KEY:METHOD=AES-128\n");
  Publisher publisher(splice_line(dir));
  Owner owner(publisher);
  owner.continues = dir / "broken.m3u8";
  push(publisher);
  finish(publisher, true);
  expect_sound(dir / "live.m3u8");
  EXPECT_EQ(read_file(dir / "broken.m3u8"), "#EXTM3U\n#EXT-X-KEY:METHOD=AES-128\n");
}

}  // namespace
}  // namespace rec::test
