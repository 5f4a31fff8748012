// SPDX-License-Identifier: LGPL-2.1-or-later
// Media of encoders and containers that other tests do not use, from files through GStreamer's demuxers: all
// of it is stored, decodes, and keeps its times.
#include <cstdlib>

#include "core/model/format.h"
#include "tests/pipeline/recsink_fixture.h"

namespace rec::test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

struct Sample {
  const char *name;
  const char *file;                  // extension says how it is demuxed
  std::vector<std::string> options;  // of ffmpeg, to make it; empty: it lies in tests/pipeline/samples
  const char *formats;
  bool has_video;
  bool has_audio;
};

const std::vector<std::string> kPicture = {"-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:duration=3"};
const std::vector<std::string> kSound = {"-f", "lavfi", "-i",
                                         "sine=frequency=440:sample_rate=44100:duration=3"};

std::vector<std::string> made(std::initializer_list<std::vector<std::string>> parts) {
  std::vector<std::string> all;
  for (const auto &part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

std::vector<Sample> all_samples() {
  const std::vector<std::string> aac = {"-c:a", "aac"};
  const auto x264 = [](const char *options) {
    return std::vector<std::string>{"-c:v", "libx264", "-preset",      "veryfast",
                                    "-g",   "25",      "-x264-params", options};
  };
  const auto x265 = [](const char *options) {
    return std::vector<std::string>{"-c:v",         "libx265",
                                    "-preset",      "ultrafast",
                                    "-x265-params", std::string("log-level=none:keyint=25:") + options};
  };
  return {
      {"Sintel", "sintel.mp4", {}, "flv+mp4+aac", true, true},
      {"SintelTransportStream", "sintel-video.ts", {}, "flv+mp4", true, false},
      {"PyramidOfBFrames", "a.ts",
       made({kPicture, kSound, x264("bframes=8:b-adapt=0:b-pyramid=normal"), aac}), "flv+mp4+aac", true,
       true},
      {"PyramidOfBFramesWithoutDts", "a.mkv",
       made({kPicture, kSound, x264("bframes=8:b-adapt=0:b-pyramid=normal"), aac}), "flv+mp4", true, true},
      {"OpenGroups", "a.ts", made({kPicture, kSound, x264("bframes=3:b-adapt=0:open-gop=1"), aac}), "flv+mp4",
       true, true},
      {"PeriodicIntraRefresh", "a.mkv", made({kPicture, kSound, x264("intra-refresh=1:bframes=0"), aac}),
       "flv+mp4", true, true},
      {"InterlacedMbaff", "a.ts", made({kPicture, kSound, x264("tff=1:bframes=2"), aac}), "flv+mp4", true,
       true},
      {"ManySlicesLossless444", "a.mp4",
       made({kPicture, {"-pix_fmt", "yuv444p"}, x264("slices=8:qp=0:bframes=0")}), "mp4", true, false},
      {"TenBit", "a.mp4", made({kPicture, {"-pix_fmt", "yuv420p10le"}, x264("bframes=2")}), "mp4", true,
       false},
      {"H265OpenGroupsTransportStream", "a.ts", made({kPicture, kSound, x265("open-gop=1:bframes=4"), aac}),
       "mp4", true, true},
      {"H265TenBit", "a.mp4", made({kPicture, {"-pix_fmt", "yuv420p10le"}, x265("bframes=2")}), "mp4", true,
       false},
      {"H265TenBitWithoutDts", "a.mkv", made({kPicture, {"-pix_fmt", "yuv420p10le"}, x265("bframes=4")}),
       "mp4", true, false},
      {"Mpeg4BFrames", "a.mp4", made({kPicture, {"-c:v", "mpeg4", "-bf", "2", "-g", "25"}}), "mp4", true,
       false},
      {"Mpeg4QuarterPixelsData", "a.mp4",
       made({kPicture,
             {"-c:v", "mpeg4", "-flags", "+qpel+mv4", "-mpeg_quant", "1", "-data_partitioning", "1"}}),
       "mp4", true, false},
      {"Mp3VariableRate", "a.mp3", made({kSound, {"-c:a", "libmp3lame", "-q:a", "5", "-write_xing", "0"}}),
       "flv+mp4+mp3", false, true},
      {"Mp3FixedPoint", "a.mp3", made({kSound, {"-c:a", "libshine", "-b:a", "128k", "-write_xing", "0"}}),
       "flv+mp4+mp3", false, true},
      {"AacMainTools", "a.aac", made({kSound, {"-ac", "2", "-c:a", "aac", "-aac_coder", "twoloop"}}),
       "flv+mp4+aac", false, true},
      {"OpusLongFrames", "a.opus",
       made({kSound, {"-ac", "2", "-ar", "48000", "-c:a", "libopus", "-frame_duration", "60"}}), "mp4", false,
       true},
      {"OpusShortFrames", "a.opus",
       made({kSound,
             {"-ar", "48000", "-c:a", "libopus", "-frame_duration", "10", "-application", "lowdelay"}}),
       "mp4", false, true},
  };
}

class RecSinkSample : public ::testing::TestWithParam<Sample> {
 protected:
  // The sample's path. ffmpeg's copy of one that has more than video and audio is what it is compared with.
  std::string sample(const TempDir &dir) {
    const Sample &s = GetParam();
    if (s.options.empty()) {
      const char *root = std::getenv("REC_TEST_SOURCE_ROOT");
      return std::string(root ? root : ".") + "/tests/pipeline/samples/" + s.file;
    }
    std::vector<std::string> command = {"ffmpeg", "-v", "error", "-nostdin", "-y"};
    command.insert(command.end(), s.options.begin(), s.options.end());
    command.push_back(dir / s.file);
    const CommandResult result = run_command(command);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return dir / s.file;
  }
};

// The distance between the first audio and the first video packet.
microseconds distance(const std::string &file) {
  Packets packets = packets_of(file);
  const auto first = [&](const char *kind) {
    microseconds time = microseconds::max();
    for (const Packet &p : packets[kind])
      if (p.pts) time = std::min(time, *p.pts);
    return time;
  };
  return first("video") - first("audio");
}

double in_seconds(microseconds time) { return static_cast<double>(time.count()) / 1e6; }

Hashes essences(const std::string &file, const std::string &kind) {
  Hashes hashes;
  for (const Essence &frame : essence_of(file, kind)) hashes.push_back(frame.hash);
  return hashes;
}

TEST_P(RecSinkSample, IsStoredWholeDecodesAndKeepsItsTimes) {
  const Sample &s = GetParam();
  const TempDir dir;
  const std::string source = sample(dir);
  const std::string compared = dir / (std::string("compared.") + (s.has_video ? "mkv" : "mka"));
  const CommandResult copy = run_command({"ffmpeg", "-v", "error", "-nostdin", "-i", source, "-map", "0:v?",
                                          "-map", "0:a?", "-c", "copy", compared});
  ASSERT_EQ(copy.exit_code, 0) << copy.err;

  const auto pipeline = parse_pipeline(
      "filesrc location=" + source + " ! parsebin name=p " + (s.has_video ? "p. ! queue ! r.video " : "") +
      (s.has_audio ? "p. ! queue ! r.audio_0 " : "") + "recsink name=r formats=" + s.formats +
      " location=" + (dir / "stored"));
  ASSERT_TRUE(pipeline);
  run_to_eos(pipeline.get());
  std::map<std::string, Hashes> sent;
  for (const char *kind : {"video", "audio"}) sent[kind] = essences(compared, kind);
  const auto formats = parse_formats(s.formats);
  for (const Format format : *formats) {
    const std::string file = dir / ("stored." + std::string(extension_of(format)));
    for (const auto &[kind, stream] : decoded(file)) {
      EXPECT_EQ(stream.frames, stream.packets) << file << " " << kind;
      EXPECT_EQ(stream.packets, sent[kind].size()) << file << " " << kind;
      EXPECT_EQ(essences(file, kind), sent[kind]) << file << " " << kind;
    }
    const bool has_duration = format != Format::aac && format != Format::mp3;  // theirs is a guess
    if (has_duration) {
      EXPECT_NEAR(in_seconds(duration_of(file)), in_seconds(duration_of(compared)), 0.15) << file;
    }
    if (s.has_video && s.has_audio && container_of(format).takes(MediaKind::video)) {
      EXPECT_NEAR(in_seconds(distance(file)), in_seconds(distance(compared)), 0.025) << file;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Of, RecSinkSample, ::testing::ValuesIn(all_samples()),
                         [](const auto &row) { return std::string(row.param.name); });

// Configurations of HE-AAC over a core of 22.05 kHz: AOT 5 (explicit, hierarchical), the sync extension
// (explicit, backward compatible), and none (implicit). ISO/IEC 14496-3 1.6.5.
class RecSinkHeAac : public ::testing::TestWithParam<std::vector<guint8>> {};

TEST_P(RecSinkHeAac, KeepsItsSignalling) {
  const TempDir dir;
  AudioSpec core;
  core.rate = 22050;
  core.frames = 60;
  Media media = audio(core);
  const std::vector<guint8> &config = GetParam();
  const auto buffer = Ref<GstBuffer>::adopt(gst_buffer_new_memdup(config.data(), config.size()));
  media.caps = Ref<GstCaps>::adopt(gst_caps_new_simple("audio/mpeg", "mpegversion", G_TYPE_INT, 4,
                                                       "stream-format", G_TYPE_STRING, "raw", "codec_data",
                                                       GST_TYPE_BUFFER, buffer.get(), nullptr));
  Publisher publisher("recsink formats=flv+mp4+aac location=" + (dir / "cam"));
  publisher.send({{"audio_0", media}});
  EXPECT_EQ(warnings_in(finish_recording(publisher)), "");
  const CString sum(g_compute_checksum_for_data(G_CHECKSUM_MD5, config.data(), config.size()));
  for (const std::string format : {"flv", "mp4"}) {
    const std::string file = dir / ("cam." + format);
    EXPECT_EQ(hashes_stored({file}, "audio"), hashes_sent({media})) << format;
    const CommandResult probe =
        run_command({"ffprobe", "-v", "error", "-show_data_hash", "md5", "-show_entries",
                     "stream=extradata_hash", "-of", "default=noprint_wrappers=1:nokey=1", file});
    EXPECT_EQ(probe.out, "MD5:" + std::string(sum.get()) + "\n") << format;
  }
  EXPECT_EQ(decoded(dir / "cam.aac")["audio"].frames, media.units.size());

  Publisher hls("splicesink location=" + (dir / "live-%03d.ts") +
                " playlist-location=" + (dir / "live.m3u8"));
  hls.send({{"audio_0", media}});
  finish_recording(hls);
  EXPECT_EQ(playback_complaints(dir / "live-000.ts"), "");
  EXPECT_EQ(essence_of(dir / "live-000.ts", "audio").size(), media.units.size());
}

INSTANTIATE_TEST_SUITE_P(Of, RecSinkHeAac,
                         ::testing::Values(std::vector<guint8>{0x2b, 0x8a, 0x08, 0x00},
                                           std::vector<guint8>{0x13, 0x88, 0x56, 0xe5, 0xa0},
                                           std::vector<guint8>{0x13, 0x88}));

}  // namespace
}  // namespace rec::test
