// SPDX-License-Identifier: LGPL-2.1-or-later
// splicesink where one run of media ends and another begins: a discontinuity where, and only where, encoding
// or timestamps break.
#include <map>

#include "tests/pipeline/splicesink_fixture.h"

namespace rec::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr char kLong[] = "splice-timeout=60000000000";

guint64 stat_of(const Publisher &publisher, const char *field) {
  GstStructure *raw = nullptr;
  g_object_get(publisher.element(), "stats", &raw, nullptr);
  const StructurePtr stats(raw);
  guint64 value = G_MAXUINT64;
  gst_structure_get_uint64(stats.get(), field, &value);
  return value;
}

struct Push {
  Media video;
  Media audio;
};

// Of the six seconds of media, at its own time.
Push piece(Nanoseconds from, Nanoseconds to, Nanoseconds later = Nanoseconds(0)) {
  const auto cut = [&](const Media &media) {
    Media part{media.caps, {}};
    for (const MediaUnit &unit : media.units)
      if (unit.dts >= from && unit.dts < to) part.units.push_back(unit);
    return part.moved(later);
  };
  return {cut(video()), cut(audio())};
}

void send(Publisher &publisher, const Push &push) {
  publisher.send({{"video", push.video}, {"audio_0", push.audio}});
}

void pause(Publisher &publisher) {
  publisher.end_all();
  EXPECT_TRUE(wait_for_element_message(publisher.pipeline(), "splicesink-recording-paused"));
}

std::vector<Ref<GstMessage>> close(Publisher &publisher) {
  publisher.end_all();
  EXPECT_TRUE(wait_for_element_message(publisher.pipeline(), "splicesink-recording-paused"));
  g_signal_emit_by_name(publisher.element(), "cancel-delay");
  return wait_for_eos(publisher);
}

void flush(Publisher &publisher, const Push &push) {
  for (const char *pad : {"video", "audio_0"}) {
    publisher.event(pad, gst_event_new_flush_start());
    publisher.event(pad, gst_event_new_flush_stop(TRUE));
    publisher.begin(pad, std::string(pad) == "video" ? push.video.caps : push.audio.caps);
  }
}

// Packets that a receiver would take for lost between segments that no discontinuity parts.
unsigned lost_packets(const std::string &playlist_path) {
  unsigned lost = 0;
  std::map<unsigned, unsigned> counters;
  const auto playlist = playlist_at(playlist_path);
  const auto files = segment_files(playlist_path);
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (playlist.segments[i].discontinuity) counters.clear();
    const std::string bytes = read_file(files[i]);
    for (std::size_t at = 0; at + kTsPacketSize <= bytes.size(); at += kTsPacketSize) {
      const auto byte = [&](std::size_t n) { return static_cast<unsigned char>(bytes[at + n]); };
      const unsigned pid = (byte(1) & 0x1fu) << 8 | byte(2), counter = byte(3) & 0x0fu;
      const bool counts = byte(3) & 0x10;
      if (counters.count(pid) && (counters[pid] + counts) % 16 != counter) ++lost;
      counters[pid] = counter;
    }
  }
  return lost;
}

// The distances of the video frames' times, across all segments, that are not one frame.
std::vector<Nanoseconds> holes(const std::string &playlist_path) {
  std::vector<Nanoseconds> holes;
  std::optional<Nanoseconds> last;
  for (const auto &file : segment_files(playlist_path))
    for (const auto &track : scan_of(file).tracks) {
      if (!track.is_video) continue;
      if (last) {
        const auto step = track.first - *last;
        if (step < milliseconds(39) || step > milliseconds(41)) holes.push_back(step);
      }
      last = track.latest;
    }
  return holes;
}

void expect_one_stream(const std::string &path) {
  expect_sound(path);
  EXPECT_EQ(discontinuities(playlist_at(path)), 0u);
  EXPECT_EQ(lost_packets(path), 0u);
  EXPECT_EQ(holes(path), std::vector<Nanoseconds>());
  EXPECT_EQ(recorded(path, "video"), sent(video(), "video"));
  EXPECT_EQ(recorded(path, "audio").size(), audio().units.size());
  EXPECT_EQ(playback_complaints(path), "");
}

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

// What the publisher does after an interruption, one kind after the other.
struct Comeback {
  const char *what;
  Media video;
  Media audio;  // empty: none
  bool breaks;  // a discontinuity
};

VideoSpec spec_of(const std::string &codec, unsigned width, unsigned height) {
  VideoSpec spec;
  spec.codec = codec;
  spec.width = width;
  spec.height = height;
  return spec;
}

// The same second of media is never sent twice: digests tell frames apart, and nothing is a repeat.
std::vector<Comeback> comebacks() {
  const Media small = video(), large = video(spec_of("h264", 320, 240)),
              h265 = video(spec_of("h265", 160, 120));
  const Media at48 = audio(), at44 = audio({.rate = 44100});
  std::vector<Comeback> all;
  Nanoseconds clock{0};
  const auto come_back = [&](const char *what, const Media &v, const Media &a, Nanoseconds clock_step,
                             bool breaks) {
    const auto take = std::chrono::seconds(static_cast<int>(all.size() % 6));
    clock += clock_step;
    all.push_back(
        {what, v.part(take, take + seconds(1), clock), a.part(take, take + seconds(1), clock), breaks});
    clock += seconds(1);
  };
  come_back("the first push", small, at48, Nanoseconds(0), false);
  for (int round = 0; round < 2; ++round) {
    come_back("goes on", small, at48, Nanoseconds(0), false);
    come_back("half a second later", small, at48, milliseconds(500), true);
    come_back("two minutes later", small, at48, seconds(120), true);
    come_back("another resolution", large, at48, Nanoseconds(0), true);
    come_back("another codec", h265, at48, seconds(5), true);
    come_back("another sampling rate", h265, at44, Nanoseconds(0), true);
    come_back("without audio", small, {at48.caps, {}}, seconds(10), true);
    come_back("with audio again", small, at48, Nanoseconds(0), true);
    come_back("timestamps begin again", small, at48, -clock, true);
    come_back("the clock has jumped", small, at48, std::chrono::hours(30), true);
  }
  return all;
}

// How far audio begins from video in a segment, by what the publisher sent and by what was recorded.
Nanoseconds distance_of_tracks(const TsScan &scan) {
  Nanoseconds v{0}, a{0};
  for (const TsTrack &track : scan.tracks) (track.is_video ? v : a) = track.first;
  return a - v;
}

TEST(SpliceSinkSplices, TwentyInterruptionsAreOneRecording) {
  const TempDir dir;
  const std::string path = dir / "live.m3u8";
  const auto pushes = comebacks();
  std::size_t frames = 0, sounds = 0;
  Publisher publisher(splice_line(dir, kLong));
  for (const Comeback &push : pushes) {
    SCOPED_TRACE(push.what);
    std::map<std::string, Media> media = {{"video", push.video}};
    if (!push.audio.units.empty())
      media["audio_0"] = push.audio;
    else
      publisher.disconnect("audio_0");
    publisher.send(media);
    frames += push.video.units.size();
    sounds += push.audio.units.size();
    if (&push == &pushes.back()) break;
    pause(publisher);
    EXPECT_FALSE(playlist_at(path).end_list);
  }
  const auto messages = close(publisher);
  EXPECT_EQ(structures_named(messages, "splicesink-recording-finished").size(), 1u);
  const auto playlist = playlist_at(path);
  ASSERT_EQ(playlist.segments.size(), pushes.size());
  expect_sound(path);
  EXPECT_EQ(lost_packets(path), 0u);
  EXPECT_EQ(frames_in(path, true), frames);
  EXPECT_EQ(frames_in(path, false) + stat_of(publisher, "dropped-before-keyframe"), sounds);
  const auto files = segment_files(path);
  for (std::size_t i = 0; i < pushes.size(); ++i) {
    SCOPED_TRACE(std::to_string(i) + ": " + pushes[i].what);
    EXPECT_EQ(playlist.segments[i].discontinuity, pushes[i].breaks);
    EXPECT_LT(playlist.segments[i].duration, milliseconds(1060));  // never the time in which nothing came
    if (pushes[i].audio.units.empty()) continue;
    const Nanoseconds sent = pushes[i].audio.units.front().pts - pushes[i].video.units.front().pts;
    const Nanoseconds error = distance_of_tracks(scan_of(files[i])) - sent;
    EXPECT_LE(error, milliseconds(20));
    EXPECT_GE(error, -milliseconds(20));
  }
}

}  // namespace
}  // namespace rec::test
