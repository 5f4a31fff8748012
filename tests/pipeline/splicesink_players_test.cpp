// SPDX-License-Identifier: LGPL-2.1-or-later
// A recording of several pushes as players take it that we did not write, ffmpeg and GStreamer's hlsdemux2,
// and what each of them notices of a damaged one. Browsers: tests/integration/hls_playback_test.py.
#include "core/model/cmaf_init.h"
#include "tests/common/hls_judges.h"
#include "tests/pipeline/splicesink_pushes.h"

namespace rec::test {
namespace {

struct Form {
  const char *format;
  unsigned bframes;
};

Media between(const Media &all, Nanoseconds from, Nanoseconds to, Nanoseconds later) {
  Media part{all.caps, {}};
  for (const MediaUnit &unit : all.units)
    if (unit.dts >= from && unit.dts < to) part.units.push_back(unit);
  return part.moved(later);
}

// Of one encoding, the sound beginning with the first picture.
Push programme(unsigned width, unsigned rate, unsigned bframes) {
  VideoSpec spec;
  spec.width = width;
  spec.height = width * 3 / 4;
  spec.bframes = bframes;
  const Media &pictures = video(spec);
  const AudioSpec sound{.rate = rate, .frames = rate * 6 / 1024};
  return {pictures, audio(sound).moved(pictures.units.front().pts)};
}

// Without the line at or after `from` that begins with `tag`.
std::string without(std::string text, const std::string &tag, std::size_t from = 0) {
  const auto at = text.find(tag, from);
  EXPECT_NE(at, std::string::npos) << tag << " in:\n" << text;
  return at == std::string::npos ? text : text.erase(at, text.find('\n', at) + 1 - at);
}

// Fragments whose decoding times (ISO/IEC 14496-12, 8.8.12) are that much later.
std::string moved(std::string fragments, std::uint64_t seconds) {
  for (auto at = fragments.find("tfdt"); at != std::string::npos; at = fragments.find("tfdt", at + 4)) {
    std::uint64_t time = 0;
    for (std::size_t i = 8; i < 16; ++i) time = time << 8 | static_cast<std::uint8_t>(fragments[at + i]);
    time += seconds * kCmafTimescale;
    for (std::size_t i = 16; i-- > 8; time >>= 8) fragments[at + i] = static_cast<char>(time & 0xff);
  }
  return fragments;
}

class Spliced : public ::testing::TestWithParam<Form> {
 protected:
  std::string line(const TempDir &dir) const {
    return splice_line(dir, std::string(kLong) + " segment-format=" + GetParam().format);
  }
  bool is_cmaf() const { return GetParam().format == std::string("cmaf"); }
  std::string path() const { return dir_ / "live.m3u8"; }

  // Four seconds; the last two of them again, and two more; then another picture size and sampling rate, with
  // timestamps that begin again.
  void record() {
    const Push first = programme(160, 48000, GetParam().bframes);
    const Push second = programme(320, 44100, GetParam().bframes);
    Publisher publisher(line(dir_));
    for (const auto &[from, to] : {std::pair(seconds(0), seconds(4)), std::pair(seconds(2), seconds(7))}) {
      const Nanoseconds later = seconds(1000);
      send(publisher, {between(first.video, from, to, later), between(first.audio, from, to, later)});
      pause(publisher);
    }
    send(publisher, second);
    close(publisher);
    const auto again = [](const Media &media) {
      return between(media, seconds(2), seconds(4), Nanoseconds(0)).units.size();
    };
    EXPECT_EQ(stat_of(publisher, "dropped-repeated"), again(first.video) + again(first.audio));
    pictures_ = first.video.units.size() + second.video.units.size();
    sounds_ = first.audio.units.size() + second.audio.units.size();
    // Where fragmented MP4 goes on, sound that comes with a reordered keyframe and before its time of
    // presentation is left out.
    const auto left_out = stat_of(publisher, "dropped-before-keyframe");
    EXPECT_LE(left_out, is_cmaf() ? 2 * GetParam().bframes : 0u);
    sounds_ -= left_out;
    EXPECT_EQ(stat_of(publisher, "frames-stored"), pictures_ + sounds_);
    EXPECT_EQ(discontinuities(playlist_at(path())), 1u);
    expect_sound(path());
  }

  // What is wrong with it, all in one word each; "" = it was played as it was published.
  std::string faults(const Played &played) const {
    std::string faults;
    if (played.video.frames != pictures_) faults += " pictures";
    if (played.audio.frames != sounds_) faults += " sounds";
    if (played.video.formats != std::vector{160, 320}) faults += " sizes";
    for (const PlayedTrack *track : {&played.video, &played.audio})
      if (track->longest_step > milliseconds(110) || track->longest_return > milliseconds(0))
        faults += track == &played.video ? " video-time" : " audio-time";
    return faults;
  }
  std::string faults_in_ffmpeg() const {
    const Played played = played_by_ffmpeg(path());
    // Its reader of MP4 takes the first initialisation section only. It decodes the other pictures
    // nevertheless, as their parameter sets are in band, and plays the other sound at the first one's rate.
    const bool known = is_cmaf() && played.complaints.ends_with("Found duplicated MOOV Atom. Skipped it\n") &&
                       std::count(played.complaints.begin(), played.complaints.end(), '\n') == 1;
    if (!known && !played.complaints.empty()) return faults(played) + " complaints: " + played.complaints;
    return faults(played);
  }
  std::string faults_in_gstreamer() const {
    const Played played = played_by_gstreamer(path());
    std::string all = faults(played);
    if (played.audio.formats != std::vector{48000, 44100}) all += " rates";
    if (played.video.begin > milliseconds(100)) all += " begin";
    return played.complaints.empty() ? all : all + " complaints: " + played.complaints;
  }

  TempDir dir_;
  std::size_t pictures_ = 0;
  std::size_t sounds_ = 0;
};

TEST_P(Spliced, PlaysAsItWasPublished) {
  record();
  EXPECT_EQ(faults_in_ffmpeg(), "") << describe(played_by_ffmpeg(path()));
  EXPECT_EQ(faults_in_gstreamer(), "") << describe(played_by_gstreamer(path()));
}

TEST_P(Spliced, PlaysNotAsItWasPublishedWithoutOneSegment) {
  record();
  const std::string text = read_file(path());
  write_file(path(), without(without(text, "segment00004"), "#EXTINF", text.find("segment00003")));
  EXPECT_NE(faults_in_ffmpeg().find("pictures sounds"), std::string::npos) << faults_in_ffmpeg();
  if (!is_cmaf()) return;  // hlsdemux2 does not come to an end
  EXPECT_NE(faults_in_gstreamer().find("pictures sounds"), std::string::npos) << faults_in_gstreamer();
}

INSTANTIATE_TEST_SUITE_P(Forms, Spliced,
                         ::testing::Values(Form{"ts", 0}, Form{"ts", 2}, Form{"cmaf", 0}, Form{"cmaf", 2}));

// What a missing tag does where timestamps do go back: ours never do, for a recording is one line of them.
class SplicedTransportStream : public Spliced {};
TEST_P(SplicedTransportStream, NeedsItsTagWhereTimestampsGoBack) {
  const TempDir other;
  for (const TempDir *dir : {&std::as_const(dir_), &other}) {
    const Push push =
        dir == &other ? programme(320, 44100, GetParam().bframes) : programme(160, 48000, GetParam().bframes);
    Publisher publisher(line(*dir));
    send(publisher, push);
    close(publisher);
    pictures_ += push.video.units.size();
    sounds_ += push.audio.units.size();
  }
  std::string listed = read_file(other / "live.m3u8");
  listed.erase(0, listed.find("#EXT-X-PROGRAM-DATE-TIME"));
  for (std::string::size_type at = 0; (at = listed.find("segment", at)) != listed.npos; at += 12)
    listed.replace(at, 7, "another");
  for (const auto &file : segment_files(other / "live.m3u8")) {
    std::string name = std::filesystem::path(file).filename();
    write_file(dir_ / name.replace(0, 7, "another"), read_file(file));
  }
  const std::string ours = without(read_file(path()), "#EXT-X-ENDLIST");
  write_file(path(), ours + "#EXT-X-DISCONTINUITY\n" + listed);
  EXPECT_EQ(faults_in_gstreamer(), "") << describe(played_by_gstreamer(path()));
  write_file(path(), ours + listed);
  EXPECT_NE(faults_in_gstreamer(), "");
}
INSTANTIATE_TEST_SUITE_P(Forms, SplicedTransportStream, ::testing::Values(Form{"ts", 0}, Form{"ts", 2}));

class SplicedFragments : public Spliced {};
TEST_P(SplicedFragments, AreOnOneLineOfDecodingTimes) {
  record();
  const auto files = segment_files(path());
  for (std::size_t i = 3; i < files.size(); ++i) write_file(files[i], moved(read_file(files[i]), 5000));
  EXPECT_EQ(faults_in_ffmpeg(), " video-time audio-time");
  EXPECT_EQ(faults_in_gstreamer(), " video-time audio-time");
}

TEST_P(SplicedFragments, NeedTheMapOfEachEncoding) {
  record();
  const std::string text = read_file(path());
  const std::string second = without(text, "#EXT-X-MAP", text.find("#EXT-X-DISCONTINUITY"));
  write_file(path(), second);
  EXPECT_EQ(faults_in_gstreamer(), " rates");
  write_file(path(), without(second, "#EXT-X-MAP"));
  EXPECT_NE(faults_in_ffmpeg().find("pictures sounds"), std::string::npos) << faults_in_ffmpeg();
}
INSTANTIATE_TEST_SUITE_P(Forms, SplicedFragments, ::testing::Values(Form{"cmaf", 0}, Form{"cmaf", 2}));

}  // namespace
}  // namespace rec::test
