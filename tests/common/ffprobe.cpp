// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/common/ffprobe.h"

#include <gtest/gtest.h>

#include <sstream>

#include "tests/common/command.h"
#include "tests/common/temp_dir.h"

namespace rec::test {
namespace {

using std::chrono::microseconds;

std::optional<microseconds> parse_seconds(const std::string &text) {
  if (text.empty() || text == "N/A") return std::nullopt;
  return microseconds(static_cast<std::int64_t>(std::stod(text) * 1e6 + (text[0] == '-' ? -0.5 : 0.5)));
}

// "key=value|key=value" (ffprobe -of compact=p=0) -> map.
std::map<std::string, std::string> parse_compact(const std::string &line) {
  std::map<std::string, std::string> fields;
  std::istringstream in(line);
  for (std::string part; std::getline(in, part, '|');)
    if (const auto eq = part.find('='); eq != std::string::npos)
      fields[part.substr(0, eq)] = part.substr(eq + 1);
  return fields;
}

// An ADTS or MP3 file has no duration; ffmpeg says of every one that it has to guess.
std::string without_duration_remark(const std::string &err) {
  std::string kept;
  std::istringstream in(err);
  for (std::string line; std::getline(in, line);)
    if (line.find("Estimating duration from bitrate") == std::string::npos) kept += line + "\n";
  return kept;
}

std::string checked_output(const std::vector<std::string> &argv) {
  const CommandResult result = run_command(argv);
  EXPECT_EQ(result.exit_code, 0) << argv.front() << " " << argv.back();
  EXPECT_EQ(without_duration_remark(result.err), "") << argv.front() << " " << argv.back();
  return result.out;
}

std::string codec_of(const std::string &path, const std::string &kind) {
  std::string name = checked_output({"ffprobe", "-v", "warning", "-select_streams", kind.substr(0, 1) + ":0",
                                     "-show_entries", "stream=codec_name", "-of", "csv=p=0", path});
  return name.substr(0, name.find_first_of("\r\n,"));
}

// Takes parameter sets, delimiters and ADTS headers away; for H.265 also SEI, which x265 puts beside the
// parameter sets. Both forms of H.264/H.265 end as Annex B.
std::string neutral_filter(const std::string &codec) {
  if (codec == "h264") return "h264_mp4toannexb,filter_units=remove_types=7|8|9";
  if (codec == "hevc") return "hevc_mp4toannexb,filter_units=remove_types=32|33|34|35|39|40";
  if (codec == "aac") return "aac_adtstoasc";
  return "null";
}

// Demuxer options: ffmpeg's reading of edit lists drops a last sample that ends a rounding error late.
std::vector<std::string> every_sample_of(const std::string &path) {
  if (read_file(path).compare(4, 4, "ftyp") != 0) return {};
  return {"-advanced_editlist", "0"};
}

void append(std::vector<std::string> &to, const std::vector<std::string> &more) {
  to.insert(to.end(), more.begin(), more.end());
}

}  // namespace

Packets packets_of(const std::string &path) {
  std::vector<std::string> command = {"ffprobe", "-v", "warning"};
  append(command, every_sample_of(path));
  append(command, {"-show_data_hash", "md5", "-show_entries",
                   "packet=codec_type,pts_time,dts_time,size,flags,data_hash", "-of", "compact=p=0", path});
  std::istringstream out(checked_output(command));
  Packets packets;
  for (std::string line; std::getline(out, line);) {
    auto fields = parse_compact(line);
    if (!fields.count("codec_type")) continue;
    packets[fields["codec_type"]].push_back(
        {parse_seconds(fields["pts_time"]), parse_seconds(fields["dts_time"]), std::stoul(fields["size"]),
         fields["flags"].find('K') != std::string::npos, fields["data_hash"]});
  }
  return packets;
}

std::vector<Essence> essence_of(const std::string &path, const std::string &kind) {
  const std::string codec = codec_of(path, kind);
  if (codec.empty()) return {};
  const std::string stream = kind.substr(0, 1);
  std::vector<std::string> command = {"ffmpeg", "-v", "warning", "-nostdin", "-copyts"};
  append(command, every_sample_of(path));
  append(command, {"-i", path, "-map", "0:" + stream + ":0", "-c", "copy", "-bsf:" + stream,
                   neutral_filter(codec), "-f", "framehash", "-hash", "md5", "-"});
  std::istringstream out(checked_output(command));
  double time_base_us = 1;
  std::vector<Essence> frames;
  for (std::string line; std::getline(out, line);) {
    long numerator = 0;
    long denominator = 1;
    if (std::sscanf(line.c_str(), "#tb 0: %ld/%ld", &numerator, &denominator) == 2)
      time_base_us = 1e6 * static_cast<double>(numerator) / static_cast<double>(denominator);
    long long dts = 0;
    long long pts = 0;
    unsigned long size = 0;
    char hash[64] = "";
    if (std::sscanf(line.c_str(), "0, %lld, %lld, %*d, %lu, %63[0-9a-f]", &dts, &pts, &size, hash) != 4)
      continue;
    const auto in_us = [&](long long ticks) {
      return microseconds(static_cast<std::int64_t>(static_cast<double>(ticks) * time_base_us));
    };
    frames.push_back({in_us(pts), in_us(dts), size, hash});
  }
  return frames;
}

std::string playback_complaints(const std::string &path) {
  const CommandResult result = run_command(
      {"ffmpeg", "-v", "warning", "-nostdin", "-xerror", "-i", path, "-map", "0", "-f", "null", "-"});
  if (result.exit_code != 0)
    return "ffmpeg exits with " + std::to_string(result.exit_code) + ": " + result.err;
  return without_duration_remark(result.err);
}

microseconds duration_of(const std::string &path) {
  const std::string text = checked_output(
      {"ffprobe", "-v", "warning", "-show_entries", "format=duration", "-of", "csv=p=0", path});
  return parse_seconds(text.substr(0, text.find_first_of("\r\n"))).value_or(microseconds(0));
}

}  // namespace rec::test
