// SPDX-License-Identifier: LGPL-2.1-or-later
// The stock muxers that recording stands on, and the instruments that the other pipeline tests read files
// with.
#include <gtest/gtest.h>

#include "tests/common/bus.h"
#include "tests/common/ffprobe.h"
#include "tests/common/temp_dir.h"

namespace rec::test {
namespace {

// Two seconds, 25 fps, a keyframe every second; 44.1 kHz AAC.
void write_stock_file(const std::string &muxer, const std::string &path) {
  const auto pipeline = parse_pipeline(
      "videotestsrc num-buffers=50 ! video/x-raw,width=160,height=120,framerate=25/1 ! "
      "x264enc key-int-max=25 bframes=0 speed-preset=ultrafast ! h264parse ! queue ! mux. "
      "audiotestsrc num-buffers=86 samplesperbuffer=1024 ! audio/x-raw,rate=44100,channels=1 ! avenc_aac ! "
      "aacparse ! "
      "queue ! mux. " +
      muxer + " name=mux ! filesink location=" + path);
  ASSERT_TRUE(pipeline);
  run_to_eos(pipeline.get());
}

std::vector<std::string> hashes_of(const std::vector<Essence> &frames) {
  std::vector<std::string> hashes;
  for (const Essence &frame : frames) hashes.push_back(frame.hash);
  return hashes;
}

class StockMuxer : public ::testing::TestWithParam<const char *> {};

TEST_P(StockMuxer, KeepsEveryFrame) {
  const TempDir dir;
  const std::string path = dir / "file";
  write_stock_file(GetParam(), path);
  auto packets = packets_of(path);
  EXPECT_EQ(packets["video"].size(), 50u);
  EXPECT_GE(packets["audio"].size(), 86u);
  EXPECT_TRUE(packets["video"].at(0).keyframe);
  EXPECT_TRUE(packets["video"].at(25).keyframe);
  EXPECT_FALSE(packets["video"].at(1).keyframe);
}

INSTANTIATE_TEST_SUITE_P(Formats, StockMuxer, ::testing::Values("flvmux", "mp4mux", "mpegtsmux"));

TEST(Essence, IsTheSameInEveryContainer) {
  const TempDir dir;
  const std::string flv = dir / "a.flv";
  write_stock_file("flvmux", flv);
  for (const std::string format : {"mp4", "mpegts"}) {
    const std::string copy = dir / ("a." + format);
    const auto remux =
        parse_pipeline("filesrc location=" + flv + " ! flvdemux name=d " +
                       (format == "mp4" ? "mp4mux" : "mpegtsmux") + " name=m ! filesink location=" + copy +
                       " d.video ! queue ! h264parse ! m. d.audio ! queue ! aacparse ! m.");
    ASSERT_TRUE(remux);
    run_to_eos(remux.get());
    for (const char *kind : {"video", "audio"})
      EXPECT_EQ(essence_of(copy, kind).size(), essence_of(flv, kind).size());
    for (const char *kind : {"video", "audio"})
      EXPECT_EQ(hashes_of(essence_of(copy, kind)), hashes_of(essence_of(flv, kind))) << format << " " << kind;
  }
}

TEST(PlaybackComplaints, TellATruncatedFileFromAWholeOne) {
  const TempDir dir;
  const std::string path = dir / "a.ts";
  write_stock_file("mpegtsmux", path);
  EXPECT_EQ(playback_complaints(path), "");
  const std::string bytes = read_file(path);
  write_file(path, bytes.substr(0, bytes.size() / 2).replace(188 * 30, 188 * 3, 188 * 3, 'x'));
  EXPECT_NE(playback_complaints(path), "");
}

}  // namespace
}  // namespace rec::test
