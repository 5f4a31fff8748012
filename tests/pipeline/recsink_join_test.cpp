// SPDX-License-Identifier: LGPL-2.1-or-later
// Files of several pushes, joined: frame by frame what the parts hold.
#include "core/disk/joined_file.h"

#include "tests/pipeline/recsink_fixture.h"

namespace rec::test {
namespace {

using Tracks = std::map<std::string, Media>;

class RecSinkJoin : public ::testing::TestWithParam<Format> {
 protected:
  // One push, recorded by a recsink of its own: the file.
  std::string record(const Tracks &tracks) {
    const std::string name = dir_.path().string() + "/part" + std::to_string(parts_++);
    const std::string format(name_of(GetParam()));
    Publisher publisher("recsink formats=" + format + " location=" + name);
    for (const auto &[pad, media] : tracks) publisher.connect(pad);
    publisher.send(tracks);
    const auto files = files_of(finish_recording(publisher), format);
    EXPECT_EQ(files.size(), 1U);
    return files.empty() ? "" : files.front();
  }
  Result<JoinedMedia> join(const std::vector<std::string> &parts) {
    auto file = DiskFile::create(joined_ + ".part");
    EXPECT_TRUE(file) << file.error().message;
    auto joined = join_files(GetParam(), parts, JoinWhat::all, *file, nullptr);
    if (joined) {
      EXPECT_EQ(file->size() ? *file->size() : 0, joined->size_bytes);
      EXPECT_TRUE(file->publish(joined_, false));
    } else {
      file->discard();
    }
    return joined;
  }
  // All frames of the parts are there, once and in order, each part moved by one time for all its tracks.
  void expect_whole(const std::vector<std::string> &parts) {
    EXPECT_EQ(playback_complaints(joined_), "");
    Packets all = packets_of(joined_);
    std::map<std::string, std::size_t> next;
    for (const std::string &part : parts) {
      std::optional<double> shift;
      for (const auto &[kind, packets] : packets_of(part))
        for (const Packet &packet : packets) {
          ASSERT_LT(next[kind], all[kind].size());
          const Packet &joined = all[kind][next[kind]++];
          ASSERT_EQ(joined.hash, packet.hash) << kind << " " << next[kind];
          EXPECT_EQ(joined.keyframe, packet.keyframe);
          ASSERT_TRUE(joined.pts && packet.pts && joined.dts && packet.dts);
          const auto moved = static_cast<double>((*joined.pts - *packet.pts).count()) / 1000;
          if (!shift) shift = moved;
          EXPECT_NEAR(moved, *shift, 1.0) << kind << " " << next[kind] << ", milliseconds";
          EXPECT_NEAR(static_cast<double>((*joined.dts - *packet.dts).count()) / 1000, *shift, 1.0);
        }
    }
    for (const auto &[kind, packets] : all) {
      EXPECT_EQ(next[kind], packets.size());
      for (std::size_t i = 1; i < packets.size(); ++i) EXPECT_LT(*packets[i - 1].dts, *packets[i].dts);
    }
  }
  // The longest distance of two frames.
  static double longest_step(const std::vector<Packet> &packets) {
    double longest = 0;
    for (std::size_t i = 1; i < packets.size(); ++i)
      longest =
          std::max(longest, std::chrono::duration<double>(*packets[i].dts - *packets[i - 1].dts).count());
    return longest;
  }

  const TempDir dir_;
  const std::string joined_ = dir_.path().string() + "/joined." + std::string(extension_of(GetParam()));
  int parts_ = 0;
};

TEST_P(RecSinkJoin, HoldsEveryFrameOfThreePushes) {
  VideoSpec reordered;
  reordered.bframes = 2;
  const Media &pictures = video(reordered);
  const Media &sounds = audio();
  const std::vector<std::string> parts = {
      record({{"video", pictures}, {"audio_0", sounds}}),
      record({{"video", pictures.part(Seconds(2), Seconds(5), Nanoseconds(0))},
              {"audio_0", sounds.part(Seconds(2), Seconds(5), Nanoseconds(0))}}),
      record({{"video", pictures.moved(Seconds(100))}, {"audio_0", sounds.moved(Seconds(100))}})};
  const auto joined = join(parts);
  ASSERT_TRUE(joined) << joined.error().message;
  expect_whole(parts);
  Packets packets = packets_of(joined_);
  EXPECT_EQ(joined->video_frames, packets["video"].size());
  EXPECT_EQ(joined->audio_frames, packets["audio"].size());
  EXPECT_LT(longest_step(packets["video"]), 0.12) << "a part begins where the one before it ends";
  EXPECT_LT(longest_step(packets["audio"]), 0.12);
  EXPECT_NEAR(std::chrono::duration<double>(duration_of(joined_)).count(), 15.0, 0.15);
  EXPECT_NEAR(std::chrono::duration<double>(joined->duration).count(), 15.0, 0.15);
}

TEST_P(RecSinkJoin, SoundIsLostAndComesBack) {
  const Media &pictures = video();
  const std::vector<std::string> parts = {record({{"video", pictures}, {"audio_0", audio()}}),
                                          record({{"video", pictures}}),
                                          record({{"video", pictures}, {"audio_0", audio()}})};
  const auto joined = join(parts);
  ASSERT_TRUE(joined) << joined.error().message;
  expect_whole(parts);
}

TEST_P(RecSinkJoin, JoinsAudioOnly) {
  const std::vector<std::string> parts = {record({{"audio_0", audio()}}), record({{"audio_0", audio()}})};
  ASSERT_TRUE(join(parts));
  expect_whole(parts);
  EXPECT_LT(longest_step(packets_of(joined_)["audio"]), 0.023);
}

TEST_P(RecSinkJoin, JoinsEveryCodecThatTheFormatHolds) {
  const bool is_mp4 = GetParam() == Format::mp4;
  std::vector<std::pair<std::string, std::string>> codecs = {{"h264", "mp3"}};
  if (is_mp4) codecs = {{"h264", "mp3"}, {"h265", "opus"}, {"mpeg4", "aac"}};
  for (const auto &[video_codec, audio_codec] : codecs) {
    SCOPED_TRACE(video_codec + " " + audio_codec);
    VideoSpec pictures;
    pictures.codec = video_codec;
    AudioSpec sounds;
    sounds.codec = audio_codec;
    const Tracks tracks = {{"video", video(pictures)}, {"audio_0", audio(sounds)}};
    const std::vector<std::string> parts = {record(tracks), record(tracks)};
    const auto joined = join(parts);
    ASSERT_TRUE(joined) << joined.error().message;
    expect_whole(parts);
    EXPECT_EQ(decoded(joined_)["video"].frames, 2 * video(pictures).units.size());
    ASSERT_EQ(std::remove(joined_.c_str()), 0);
  }
}

TEST_P(RecSinkJoin, NewParameterSetsOfTheSamePictureGoIntoFlvOnly) {
  VideoSpec other;
  other.options = "ref=3 cabac=false";
  const std::vector<std::string> parts = {record({{"video", video()}, {"audio_0", audio()}}),
                                          record({{"video", video(other)}, {"audio_0", audio()}})};
  const auto joined = join(parts);
  if (GetParam() == Format::mp4) {
    ASSERT_FALSE(joined);
    EXPECT_NE(joined.error().message.find("another size or configuration of avc1"), std::string::npos);
    return;
  }
  ASSERT_TRUE(joined) << joined.error().message;
  EXPECT_EQ(playback_complaints(joined_), "");
  Hashes expected, stored;
  for (const std::string &part : parts)
    for (const Essence &frame : essence_of(part, "video")) expected.push_back(frame.hash);
  for (const Essence &frame : essence_of(joined_, "video")) stored.push_back(frame.hash);
  EXPECT_EQ(stored, expected);
  EXPECT_EQ(decoded(joined_)["video"].frames, 2 * video().units.size());
}

TEST_P(RecSinkJoin, IsAPartOfAnotherJoin) {
  const std::string part = record({{"video", video()}, {"audio_0", audio()}});
  ASSERT_TRUE(join({part, part}));
  const std::string twice = dir_.path().string() + "/twice." + std::string(extension_of(GetParam()));
  ASSERT_EQ(std::rename(joined_.c_str(), twice.c_str()), 0);
  ASSERT_TRUE(join({twice, part}));
  expect_whole({part, part, part});
}

TEST_P(RecSinkJoin, RefusesAnotherPictureOrSound) {
  const std::string part = record({{"video", video()}, {"audio_0", audio()}});
  VideoSpec larger;
  larger.width = 320;
  larger.height = 240;
  AudioSpec slower;
  slower.rate = 44100;
  for (const Tracks &other : {Tracks{{"video", video(larger)}, {"audio_0", audio()}},
                              Tracks{{"video", video()}, {"audio_0", audio(slower)}}}) {
    const auto joined = join({part, record(other)});
    ASSERT_FALSE(joined);
    EXPECT_EQ(joined.error().code, Errc::invalid_argument) << joined.error().message;
  }
}

TEST_P(RecSinkJoin, StopsWhenItIsTold) {
  const std::string part = record({{"video", video()}});
  auto file = DiskFile::create(joined_);
  ASSERT_TRUE(file);
  int asked = 0;
  const auto joined = join_files(GetParam(), {part, part}, JoinWhat::all, *file, [&] { return ++asked > 0; });
  ASSERT_FALSE(joined);
  EXPECT_EQ(joined.error().code, Errc::cancelled);
}

INSTANTIATE_TEST_SUITE_P(Formats, RecSinkJoin, ::testing::Values(Format::flv, Format::mp4),
                         [](const auto &format) { return std::string(name_of(format.param)); });

}  // namespace
}  // namespace rec::test
