// SPDX-License-Identifier: LGPL-2.1-or-later
// splicesink where one run of media ends and another begins: a discontinuity where, and only where, encoding
// or timestamps break.
#include "tests/pipeline/splicesink_pushes.h"

namespace rec::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(SpliceSinkSplices, APushThatGoesOnAfterEosIsOneStream) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, kLong));
  send(publisher, piece(seconds(0), seconds(3)));
  pause(publisher);
  send(publisher, piece(seconds(3), seconds(7)));
  close(publisher);
  expect_one_stream(dir / "live.m3u8");
}

TEST(SpliceSinkSplices, APushThatGoesOnInAnotherElementIsOneStream) {
  const TempDir dir;
  for (const auto &[from, to] : {std::pair(seconds(0), seconds(3)), std::pair(seconds(3), seconds(7))}) {
    Publisher publisher(splice_line(dir, kLong));
    send(publisher, piece(from, to));
    if (to == seconds(7))
      close(publisher);
    else
      pause(publisher);
  }
  expect_one_stream(dir / "live.m3u8");
}

TEST(SpliceSinkSplices, MediaThatGoesOnAfterAFlushIsOneStream) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, kLong));
  const Push first = piece(seconds(0), seconds(3));
  send(publisher, first);
  flush(publisher, first);
  send(publisher, piece(seconds(3), seconds(7)));
  close(publisher);
  expect_one_stream(dir / "live.m3u8");
}

class SpliceSinkBreaks : public ::testing::TestWithParam<int> {};

TEST(SpliceSinkSplices, APushOnNewPadsIsOneStream) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, kLong));
  send(publisher, piece(seconds(0), seconds(3)));
  for (const char *pad : {"video", "audio_0"}) publisher.disconnect(pad);
  EXPECT_TRUE(wait_for_element_message(publisher.pipeline(), "splicesink-recording-paused"));
  EXPECT_FALSE(playlist_at(dir / "live.m3u8").open);
  send(publisher, piece(seconds(3), seconds(7)));
  close(publisher);
  expect_one_stream(dir / "live.m3u8");
}

TEST(SpliceSinkSplices, AHoleBeforeNewPadsIsInNoSegment) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, kLong));
  send(publisher, piece(seconds(0), seconds(3)));
  for (const char *pad : {"video", "audio_0"}) publisher.disconnect(pad);
  EXPECT_TRUE(wait_for_element_message(publisher.pipeline(), "splicesink-recording-paused"));
  send(publisher, piece(seconds(3), seconds(7), seconds(20)));
  close(publisher);
  const auto playlist = playlist_at(dir / "live.m3u8");
  EXPECT_EQ(discontinuities(playlist), 1u);
  EXPECT_LT(media_duration(playlist), milliseconds(6200));
  EXPECT_EQ(recorded(dir / "live.m3u8", "video"), sent(video(), "video"));
}

TEST(SpliceSinkSplices, WithoutPadsTheRecordingIsFinishedInTime) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, "splice-timeout=300000000"));
  send(publisher, piece(seconds(0), seconds(3)));
  for (const char *pad : {"video", "audio_0"}) publisher.disconnect(pad);
  EXPECT_TRUE(wait_for_element_message(publisher.pipeline(), "splicesink-recording-finished"));
  EXPECT_TRUE(playlist_at(dir / "live.m3u8").end_list);
}

const Media &larger() {
  VideoSpec spec;
  spec.width = 320;
  spec.height = 240;
  return video(spec);
}

const Media &h265() {
  VideoSpec spec;
  spec.codec = "h265";
  return video(spec);
}

Push after_break(int kind) {
  Push push = piece(seconds(3), seconds(7));
  switch (kind) {
    case 0:  // a hole of half a second
      return piece(seconds(3), seconds(7), milliseconds(500));
    case 1:  // timestamps begin again
      return piece(seconds(3), seconds(7), -seconds(3));
    case 2:  // another resolution
      push.video = larger().part(seconds(3), seconds(7), seconds(3));
      return push;
    case 3:  // another sampling rate
      push.audio = audio({.rate = 44100}).part(seconds(0), seconds(3), seconds(3));
      return push;
    default:  // another codec
      push.video = h265().part(seconds(0), seconds(3), seconds(3));
      return push;
  }
}

TEST_P(SpliceSinkBreaks, AreOneDiscontinuityEach) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, kLong));
  const Push second = after_break(GetParam());
  send(publisher, piece(seconds(0), seconds(3)));
  pause(publisher);
  send(publisher, second);
  close(publisher);
  const std::string path = dir / "live.m3u8";
  expect_sound(path);
  EXPECT_EQ(discontinuities(playlist_at(path)), 1u);
  EXPECT_TRUE(playlist_at(path).segments.at(2).discontinuity);
  EXPECT_EQ(lost_packets(path), 0u);
  for (const Nanoseconds hole : holes(path)) EXPECT_LT(hole, milliseconds(90));  // audio ended later
  EXPECT_EQ(frames_in(path, true), 75 + second.video.units.size());
}

INSTANTIATE_TEST_SUITE_P(HolesResolutionRateCodec, SpliceSinkBreaks, ::testing::Range(0, 5));

TEST(SpliceSinkSplices, AudioThatIsLostAndRegainedIsADiscontinuityEach) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, kLong));
  send(publisher, piece(seconds(0), seconds(2)));
  pause(publisher);
  publisher.disconnect("audio_0");
  publisher.send({{"video", piece(seconds(2), seconds(4)).video}});
  pause(publisher);
  send(publisher, piece(seconds(4), seconds(7)));
  close(publisher);
  const std::string path = dir / "live.m3u8";
  expect_sound(path);
  EXPECT_EQ(discontinuities(playlist_at(path)), 2u);
  EXPECT_EQ(recorded(path, "video"), sent(video(), "video"));
}

TEST(SpliceSinkRepeats, AreDroppedAndCountedAndTold) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, kLong));
  const Push again = piece(seconds(2), seconds(4));
  send(publisher, piece(seconds(0), seconds(4)));
  pause(publisher);
  send(publisher, piece(seconds(2), seconds(7)));
  publisher.end_all();
  const auto told = wait_for_element_message(publisher.pipeline(), "splicesink-media-repeated");
  ASSERT_TRUE(told);
  guint64 duration = 0;
  gst_structure_get_uint64(gst_message_get_structure(told.get()), "duration", &duration);
  EXPECT_EQ(duration, 2 * GST_SECOND);
  EXPECT_TRUE(wait_for_element_message(publisher.pipeline(), "splicesink-recording-paused"));
  EXPECT_EQ(stat_of(publisher, "dropped-repeated"), again.video.units.size() + again.audio.units.size());
  EXPECT_EQ(stat_of(publisher, "frames-ingested"),
            stat_of(publisher, "frames-stored") + stat_of(publisher, "dropped-repeated"));
  g_signal_emit_by_name(publisher.element(), "cancel-delay");
  wait_for_eos(publisher);
  expect_one_stream(dir / "live.m3u8");
  EXPECT_EQ(dir.files().size(), 4u);  // neither note nor trail is left
}

TEST(SpliceSinkRepeats, AreDroppedFromFragmentedMp4) {
  const TempDir dir;
  const std::string path = dir / "live.m3u8";
  for (const auto &[from, to] : {std::pair(seconds(0), seconds(4)), std::pair(seconds(2), seconds(7))}) {
    Publisher publisher(splice_line(dir, std::string(kLong) + " segment-format=cmaf"));
    send(publisher, piece(from, to));
    if (to == seconds(7))
      close(publisher);
    else
      pause(publisher);
  }
  expect_sound(path);
  EXPECT_EQ(discontinuities(playlist_at(path)), 0u);
  EXPECT_EQ(recorded(path, "video"), sent(video(), "video"));
  EXPECT_EQ(recorded(path, "audio").size(), audio().units.size());
  EXPECT_EQ(playback_complaints(path), "");
}

TEST(SpliceSinkRepeats, AreRecognisedByAnotherElement) {
  const TempDir dir;
  for (const auto &[from, to] : {std::pair(seconds(0), seconds(4)), std::pair(seconds(1), seconds(7))}) {
    Publisher publisher(splice_line(dir, kLong));
    send(publisher, piece(from, to));
    if (to == seconds(7))
      close(publisher);
    else
      pause(publisher);
  }
  expect_one_stream(dir / "live.m3u8");
}

TEST(SpliceSinkRepeats, AreRecognisedAfterAFlush) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, kLong));
  const Push first = piece(seconds(0), seconds(4));
  send(publisher, first);
  flush(publisher, first);
  send(publisher, piece(seconds(2), seconds(7)));
  close(publisher);
  expect_one_stream(dir / "live.m3u8");
}

TEST(SpliceSinkRepeats, OfSoundThatWasAheadOfThePicturesTakeNoPictureAlong) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, kLong));
  send(publisher, {piece(seconds(0), seconds(4)).video, piece(seconds(0), milliseconds(4300)).audio});
  pause(publisher);
  send(publisher, piece(seconds(2), seconds(7)));
  close(publisher);
  expect_one_stream(dir / "live.m3u8");
}

TEST(SpliceSinkRepeats, AreDroppedToTheNextKeyframe) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, kLong));
  send(publisher, piece(seconds(0), milliseconds(3400)));
  pause(publisher);
  send(publisher, piece(seconds(2), seconds(7)));
  close(publisher);
  const std::string path = dir / "live.m3u8";
  expect_sound(path);
  EXPECT_EQ(discontinuities(playlist_at(path)), 1u);  // from 3.4 s to 4 s nothing can be decoded
  auto expected = sent(video(), "video");
  expected.erase(expected.begin() + 85, expected.begin() + 100);
  EXPECT_EQ(recorded(path, "video"), expected);
}

TEST(SpliceSinkRepeats, AreKeptOnDemand) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, std::string(kLong) + " keep-repeated=true"));
  send(publisher, piece(seconds(0), seconds(4)));
  pause(publisher);
  send(publisher, piece(seconds(2), seconds(7)));
  close(publisher);
  const std::string path = dir / "live.m3u8";
  expect_sound(path);
  EXPECT_EQ(discontinuities(playlist_at(path)), 1u);
  EXPECT_EQ(frames_in(path, true), 100u + 100u);
  EXPECT_EQ(stat_of(publisher, "dropped-repeated"), 0u);
}

TEST(SpliceSinkRepeats, AreNoneInAnotherRecording) {
  const TempDir dir;
  Publisher publisher(splice_line(dir));
  for (const auto from : {seconds(0), seconds(2)}) {
    send(publisher, piece(from, seconds(4)));
    finish(publisher);
  }
  EXPECT_EQ(frames_in(dir / "live-1.m3u8", true), 50u);
}

TEST(SpliceSinkRepeats, FromAnotherElementMayBeAllThatComes) {
  const TempDir dir;
  {
    Publisher publisher(splice_line(dir, kLong));
    send(publisher, piece(seconds(0), seconds(4)));
    pause(publisher);
  }
  Publisher publisher(splice_line(dir, "splice-timeout=300000000"));
  send(publisher, piece(seconds(2), seconds(4)));
  const auto messages = finish(publisher);  // after its own timeout
  EXPECT_EQ(structures_named(messages, "splicesink-recording-finished").size(), 1u);
  EXPECT_EQ(frames_in(dir / "live.m3u8", true), 100u);
}

TEST(SpliceSinkRepeats, MayBeAllThatComes) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, kLong));
  send(publisher, piece(seconds(0), seconds(4)));
  pause(publisher);
  send(publisher, piece(seconds(2), seconds(4)));
  const auto messages = close(publisher);
  EXPECT_EQ(structures_named(messages, "splicesink-recording-finished").size(), 1u);
  EXPECT_EQ(frames_in(dir / "live.m3u8", true), 100u);
}

// As rtspsrc's add-reference-timestamp-meta does, once the sender has reported its clock.
Publisher::Edit with_sender_clock(const char *clock, Nanoseconds at_zero, Nanoseconds from = Nanoseconds(0)) {
  return [=](const std::string &, GstBuffer *buffer) {
    const Nanoseconds pts(static_cast<gint64>(GST_BUFFER_PTS(buffer)));
    const auto caps = Ref<GstCaps>::adopt(gst_caps_new_empty_simple(clock));
    if (pts >= from)
      gst_buffer_add_reference_timestamp_meta(
          buffer, caps.get(), static_cast<GstClockTime>((at_zero + pts).count()), GST_CLOCK_TIME_NONE);
    return true;
  };
}

constexpr seconds kSummer2001{994'000'000};
constexpr seconds kFrom1900{2'208'988'800};

TEST(SpliceSinkDates, AreTheSendersWhereTheStreamCarriesThem) {
  for (const char *clock : {"timestamp/x-ntp", "timestamp/x-unix"}) {
    const TempDir dir;
    Publisher publisher(splice_line(dir, kLong));
    const bool is_ntp = std::string(clock) == "timestamp/x-ntp";
    const auto edit = with_sender_clock(clock, kSummer2001 + (is_ntp ? kFrom1900 : seconds(0)));
    const Push first = piece(seconds(0), seconds(3)), second = piece(seconds(3), seconds(7), seconds(20));
    publisher.send({{"video", first.video}, {"audio_0", first.audio}}, edit);
    pause(publisher);
    publisher.send({{"video", second.video}, {"audio_0", second.audio}}, edit);
    close(publisher);
    const auto playlist = playlist_at(dir / "live.m3u8");
    EXPECT_EQ(playlist.segments.at(0).program_date_time, PlaylistTime(kSummer2001)) << clock;
    EXPECT_EQ(playlist.segments.at(2).program_date_time, PlaylistTime(kSummer2001 + seconds(23))) << clock;
  }
}

TEST(SpliceSinkDates, AreOursUntilTheSendersIsKnown) {
  const TempDir dir;
  Publisher publisher(splice_line(dir, kLong));
  const Push first = piece(seconds(0), seconds(3)), second = piece(seconds(3), seconds(7), seconds(20));
  const auto edit = with_sender_clock("timestamp/x-unix", kSummer2001, seconds(1));
  const auto before = std::chrono::system_clock::now();
  publisher.send({{"video", first.video}, {"audio_0", first.audio}}, edit);
  pause(publisher);
  publisher.send({{"video", second.video}, {"audio_0", second.audio}}, edit);
  close(publisher);
  const auto playlist = playlist_at(dir / "live.m3u8");
  EXPECT_GE(playlist.segments.at(0).program_date_time, std::chrono::floor<milliseconds>(before));
  EXPECT_EQ(playlist.segments.at(2).program_date_time, PlaylistTime(kSummer2001 + seconds(23)));
}

}  // namespace
}  // namespace rec::test
