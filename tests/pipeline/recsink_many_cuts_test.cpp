// SPDX-License-Identifier: LGPL-2.1-or-later
// A thousand cuts of three formats at once: every frame is in the files once, in order, byte by byte.
#include <algorithm>
#include <fstream>

#include "tests/pipeline/recsink_fixture.h"

namespace rec::test {
namespace {

constexpr unsigned kCuts = 1000;
constexpr unsigned kFramesPerFile = 4;  // one GOP

// "" or where two sequences of frames begin to differ.
std::string difference(const Hashes &stored, const Hashes &sent) {
  const auto [at, other] = std::mismatch(stored.begin(), stored.end(), sent.begin(), sent.end());
  if (at == stored.end() && other == sent.end()) return "";
  return std::to_string(stored.size()) + " stored of " + std::to_string(sent.size()) + ", the first " +
         std::to_string(at - stored.begin()) + " agree";
}

// The packets of all files, read by one process one after the other.
std::map<std::string, Hashes> packets_of_all(const TempDir &dir, const std::vector<std::string> &files) {
  const std::string list = dir / "list.txt";
  std::ofstream out(list);
  out << "ffconcat version 1.0\n";
  for (const std::string &file : files) {
    out << "file '" << file << "'\n";
    if (file.ends_with(".mp4")) out << "option advanced_editlist 0\n";
  }
  out.close();
  const CommandResult result = run_command({"ffprobe", "-v", "error", "-f", "concat", "-safe", "0",
                                            "-auto_convert", "0", "-show_data_hash", "md5", "-show_entries",
                                            "packet=codec_type,data_hash", "-of", "compact=p=0:nk=1", list});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.err, "");
  std::map<std::string, Hashes> packets;
  std::istringstream lines(result.out);
  for (std::string line; std::getline(lines, line);)
    if (const auto bar = line.find('|'); bar != std::string::npos)  // ffprobe 9 puts side data behind it
      packets[line.substr(0, bar)].push_back(line.substr(bar + 1, line.find('|', bar + 1) - bar - 1));
  return packets;
}

// Raw AAC frames of ADTS files.
Hashes adts_frames(const std::vector<std::string> &files) {
  Hashes hashes;
  for (const std::string &file : files) {
    const std::string bytes = read_file(file);
    for (std::size_t at = 0; at + 7 <= bytes.size();) {
      const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[at + i]); };
      const std::size_t header = byte(1) & 1 ? 7 : 9;
      const std::size_t size = (byte(3) & 3U) << 11 | byte(4) << 3U | byte(5) >> 5U;
      EXPECT_TRUE(byte(0) == 0xff && size > header && at + size <= bytes.size()) << file;
      if (size <= header || at + size > bytes.size()) break;
      const CString sum(g_compute_checksum_for_data(
          G_CHECKSUM_MD5, reinterpret_cast<const guchar *>(bytes.data()) + at + header, size - header));
      hashes.push_back(std::string("MD5:") + sum.get());
      at += size;
    }
  }
  return hashes;
}

guint64 files_open(Publisher &publisher) {
  GstStructure *raw = nullptr;
  g_object_get(publisher.element(), "stats", &raw, nullptr);
  const StructurePtr stats(raw);
  return uint64_field(stats.get(), "files-open");
}

class RecSinkManyCuts : public ::testing::TestWithParam<unsigned> {};  // B-frames

TEST_P(RecSinkManyCuts, StoreEveryPacketOnceOverAThousandCuts) {
  const TempDir dir;
  VideoSpec spec;
  spec.width = 64;
  spec.height = 48;
  spec.gop = kFramesPerFile;
  spec.frames = (kCuts + 1) * kFramesPerFile;
  spec.bframes = GetParam();
  const Media &v = video(spec);
  const Media &a = audio({.frames = spec.frames * 48000 / 25 / 1024});
  Publisher publisher("recsink formats=flv+mp4+aac durability=none cycle=160000000 location=" +
                      (dir / "%04d"));
  // A publisher in real time does not open hundreds of files faster than the disk takes them, and GStreamer's
  // bus does not bear it: threads that post to it wait for each other's turn without sleeping.
  publisher.send({{"video", v}, {"audio_0", a}}, [&, i = 0U](const std::string &pad, GstBuffer *) mutable {
    if (pad == "video" && ++i % kFramesPerFile == 0)
      while (files_open(publisher) > 12) g_thread_yield();
    return true;
  });
  const auto messages = finish_recording(publisher);
  for (const std::string format : {"flv", "mp4"}) {
    const auto files = files_of(messages, format);
    EXPECT_EQ(files.size(), kCuts + 1) << format;
    const auto packets = packets_of_all(dir, files);
    ASSERT_TRUE(packets.count("video") && packets.count("audio")) << format;
    EXPECT_EQ(difference(packets.at("video"), hashes_sent({v})), "") << format;
    EXPECT_EQ(difference(packets.at("audio"), hashes_sent({a})), "") << format;
  }
  const auto aac = files_of(messages, "aac");
  EXPECT_GE(aac.size(), kCuts - 70);  // cut at the first audio frame behind the cycle, which is longer
  EXPECT_EQ(difference(adts_frames(aac), hashes_sent({a})), "");
  EXPECT_EQ(warnings_in(messages), "");
}

INSTANTIATE_TEST_SUITE_P(BFrames, RecSinkManyCuts, ::testing::Values(0u, 2u));

}  // namespace
}  // namespace rec::test
