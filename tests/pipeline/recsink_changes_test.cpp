// SPDX-License-Identifier: LGPL-2.1-or-later
// What changes in the middle of a stream: a new file where the container needs one, and nothing lost.
#include <numeric>

#include "tests/pipeline/recsink_fixture.h"

namespace rec::test {
namespace {

using std::chrono::seconds;

VideoSpec picture(const std::string &codec = "h264", unsigned width = 160, unsigned height = 120) {
  VideoSpec spec;
  spec.codec = codec;
  spec.width = width;
  spec.height = height;
  spec.frames = 75;
  return spec;
}
VideoSpec encoded(const std::string &options, const std::string &profile = "") {
  VideoSpec spec = picture();
  spec.options = options;
  spec.profile = profile;
  return spec;
}
AudioSpec sound(const std::string &codec = "aac", unsigned rate = 44100, unsigned channels = 1) {
  AudioSpec spec;
  spec.codec = codec;
  spec.rate = rate;
  spec.channels = channels;
  spec.frames = 3 * rate / 1024;
  return spec;
}

// What is sent for three seconds, and then for three more.
struct Change {
  const char *name;
  std::optional<VideoSpec> video_before, video_after;
  std::optional<AudioSpec> audio_before, audio_after;
  unsigned files = 2;            // of FLV and MP4, where they hold both sides
  bool flv_holds_it_all = true;  // without eflvmux
};

std::vector<Change> all_changes() {
  const VideoSpec v = picture();
  const AudioSpec a = sound();
  const VideoSpec v265 = picture("h265");
  const VideoSpec large = picture("h264", 320, 240);
  const VideoSpec one_reference = encoded("ref=1");
  const VideoSpec four_references = encoded("ref=4");
  const VideoSpec baseline = encoded("", "baseline");
  const VideoSpec high = encoded("dct8x8=true cabac=true", "high");
  return {{"H264ToH265", v, v265, a, a, 2, false},
          {"H265ToH264", v265, v, a, a, 2, false},
          {"LargerPicture", v, large, a, a},
          {"SmallerPicture", large, v, a, a},
          {"MoreReferences", one_reference, four_references, a, a},
          {"FewerReferences", four_references, one_reference, a, a},
          {"BaselineToHigh", baseline, high, a, a},
          {"HighToBaseline", high, baseline, a, a},
          {"HigherRate", v, v, sound("aac", 22050), sound("aac", 44100)},
          {"LowerRate", v, v, sound("aac", 48000), sound("aac", 22050)},
          {"MonoToStereo", v, v, a, sound("aac", 44100, 2)},
          {"StereoToMono", v, v, sound("aac", 44100, 2), a},
          {"AacToMp3", v, v, a, sound("mp3")},
          {"Mp3ToAac", v, v, sound("mp3"), a},
          {"AudioAdded", v, v, std::nullopt, a},
          {"AudioRemoved", v, v, a, std::nullopt, 1},
          {"VideoAdded", std::nullopt, v, a, a},
          {"VideoRemoved", v, std::nullopt, a, a, 1}};
}

// The two parts of one track, the second right after the first, or where the other track's begins.
template <typename Spec>
std::vector<Media> parts(const std::optional<Spec> &before, const std::optional<Spec> &after,
                         const Media &(*encode)(const Spec &)) {
  std::vector<Media> all(2);
  if (before) all[0] = encode(*before);
  const bool is_same = before && after && &encode(*before) == &encode(*after);
  if (is_same) {  // one encoding that goes on
    all[1] = all[0].moved(all[0].end());
  } else if (after) {
    all[1] = encode(*after).moved(before ? all[0].end() : Nanoseconds(seconds(3)));
  }
  return all;
}

struct Parts {
  std::vector<Media> video, audio;
  explicit Parts(const Change &c)
      : video(parts(c.video_before, c.video_after, rec::test::video)),
        audio(parts(c.audio_before, c.audio_after, rec::test::audio)) {}

  void send(Publisher &publisher) const {
    for (std::size_t i : {0, 1}) {
      std::map<std::string, Media> media;
      if (video[i].caps) media["video"] = video[i];
      if (audio[i].caps) media["audio_0"] = audio[i];
      publisher.send(media);
      if (i == 0 && !video[1].caps) publisher.end("video");
      if (i == 0 && !audio[1].caps) publisher.end("audio_0");
    }
  }
};

bool is_aac(const Media &media) {
  return media.caps &&
         std::string_view(CString(gst_caps_to_string(media.caps.get())).get()).find("mpegversion=(int)4") !=
             std::string_view::npos;
}

class RecSinkChange : public ::testing::TestWithParam<Change> {};

// As many decoded frames as packets, in every file and for every stream, without complaint.
void expect_all_decodable(const std::vector<std::string> &files) {
  for (const std::string &file : files)
    for (const auto &[kind, stream] : decoded(file)) EXPECT_EQ(stream.frames, stream.packets) << file << kind;
}

TEST_P(RecSinkChange, LosesNoFrameInAnyFormat) {
  const Change &change = GetParam();
  const TempDir dir;
  const Parts sent(change);
  Publisher publisher("recsink formats=flv+mp4+aac location=" + (dir / "cam-%03d"));
  sent.send(publisher);
  const auto messages = finish_recording(publisher);

  const auto mp4 = files_of(messages, "mp4");
  EXPECT_EQ(mp4.size(), change.files);
  EXPECT_EQ(hashes_stored(mp4, "video"), hashes_sent(sent.video));
  EXPECT_EQ(hashes_stored(mp4, "audio"), hashes_sent(sent.audio));
  expect_all_decodable(mp4);

  const auto flv = files_of(messages, "flv");
  expect_all_decodable(flv);
  if (change.flv_holds_it_all || has_element("eflvmux")) {
    EXPECT_EQ(flv.size(), change.files);
    EXPECT_EQ(hashes_stored(flv, "video"), hashes_sent(sent.video));
    EXPECT_EQ(hashes_stored(flv, "audio"), hashes_sent(sent.audio));
  } else {
    EXPECT_EQ(hashes_stored(flv, "video"),
              hashes_sent({sent.video[change.video_before->codec == "h264" ? 0 : 1]}));
  }

  const auto aac = files_of(messages, "aac");
  std::size_t aac_sent = 0;
  for (const Media &part : sent.audio)
    if (is_aac(part)) aac_sent += part.units.size();
  EXPECT_EQ(hashes_stored(aac, "audio").size(), aac_sent);
  expect_all_decodable(aac);
}

INSTANTIATE_TEST_SUITE_P(Of, RecSinkChange, ::testing::ValuesIn(all_changes()),
                         [](const auto &row) { return std::string(row.param.name); });

// Each frame's NAL units with these parameter sets (of an avcC) before every keyframe, framed by start codes
// or by lengths.
Media with_sets_in_band(const Media &avc, bool byte_stream) {
  const GValue *value = gst_structure_get_value(gst_caps_get_structure(avc.caps.get(), 0), "codec_data");
  const MappedBuffer config(gst_value_get_buffer(value));
  const auto append = [&](std::string &to, const guint8 *nal, std::size_t size) {
    const char length[] = {static_cast<char>(size >> 24), static_cast<char>(size >> 16),
                           static_cast<char>(size >> 8), static_cast<char>(size)};
    to += byte_stream ? std::string("\0\0\0\1", 4) : std::string(length, 4);
    to.append(reinterpret_cast<const char *>(nal), size);
  };
  std::string sets;
  const guint8 *at = config.data() + 6;  // one SPS, one PPS
  for (int i = 0; i < 2; ++i) {
    const std::size_t size = static_cast<std::size_t>(at[0] << 8 | at[1]);
    append(sets, at + 2, size);
    at += 2 + size + 1;  // the count of PPS
  }
  Media media = avc;
  for (MediaUnit &unit : media.units) {
    const MappedBuffer map(unit.buffer.get());
    std::string bytes = unit.keyframe ? sets : "";
    for (std::size_t i = 0; i + 4 <= map.size();) {
      const std::size_t size = GST_READ_UINT32_BE(map.data() + i);
      append(bytes, map.data() + i + 4, size);
      i += 4 + size;
    }
    auto buffer = Ref<GstBuffer>::adopt(gst_buffer_new_memdup(bytes.data(), bytes.size()));
    GST_BUFFER_FLAGS(buffer.get()) = GST_BUFFER_FLAGS(unit.buffer.get());
    unit.buffer = std::move(buffer);
  }
  if (byte_stream)
    media.caps =
        Ref<GstCaps>::adopt(gst_caps_from_string("video/x-h264,stream-format=byte-stream,alignment=au"));
  return media;
}

// Picture size and the decoder configuration that the container has for its video.
std::string configuration(const std::string &file) {
  return run_command({"ffprobe", "-v", "error", "-show_data_hash", "md5", "-show_entries",
                      "stream=width,height,extradata_hash", "-of", "csv=p=0", file})
      .out;
}

struct InBand {
  const char *name;
  bool byte_stream;
  VideoSpec after;
};

class RecSinkInBand : public ::testing::TestWithParam<InBand> {};

TEST_P(RecSinkInBand, ParameterSetsThatChangeBeginAFileThatDescribesThem) {
  const TempDir dir;
  const auto &[name, byte_stream, after] = GetParam();
  const Media first = with_sets_in_band(video(encoded("ref=1 cabac=false")), byte_stream);
  Media second = with_sets_in_band(video(after), byte_stream).moved(first.end());
  second.caps = first.caps;  // nothing announces it
  Publisher publisher("recsink formats=flv+mp4 location=" + (dir / "cam-%03d"));
  publisher.send({{"video", first}});
  publisher.send({{"video", second}});
  const auto messages = finish_recording(publisher);

  // A file of the second part alone.
  Publisher alone("recsink formats=flv+mp4 location=" + (dir / "alone"));
  alone.send({{"video", with_sets_in_band(video(after), true)}});
  finish_recording(alone);

  for (const std::string format : {"flv", "mp4"}) {
    const auto files = files_of(messages, format);
    ASSERT_EQ(files.size(), 2u) << format;
    expect_all_decodable(files);
    EXPECT_EQ(decoded(files[0])["video"].frames, first.units.size()) << format;
    EXPECT_EQ(decoded(files[1])["video"].frames, second.units.size()) << format;
    EXPECT_EQ(configuration(files[1]), configuration(dir / ("alone." + format)));
    EXPECT_NE(configuration(files[1]), configuration(files[0]));
  }
}

INSTANTIATE_TEST_SUITE_P(Of, RecSinkInBand,
                         ::testing::Values(InBand{"AvcSize", false, picture("h264", 320, 240)},
                                           InBand{"AvcSets", false, encoded("ref=4 cabac=true")},
                                           InBand{"ByteStreamSize", true, picture("h264", 320, 240)},
                                           InBand{"ByteStreamSets", true, encoded("ref=4 cabac=true")}),
                         [](const auto &row) { return std::string(row.param.name); });

}  // namespace
}  // namespace rec::test
