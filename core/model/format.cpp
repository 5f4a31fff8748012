// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/format.h"

#include <algorithm>
#include <iterator>

namespace rec {

namespace {

constexpr const char *kAac = "audio/mpeg,mpegversion=4,stream-format=raw";
constexpr const char *kMp3 = "audio/mpeg,mpegversion=1,layer=3";

// One row per format, in the order of the enumeration.
constexpr Container kContainers[] = {
    {.format = Format::flv,
     .indexes_audio = true,
     .counts_by_dts = true,
     .name = "flv",
     .extension = "flv",
     .muxers = {"flvmux name=mux", "eflvmux name=mux"},
     .video_pad = "video",
     .audio_pad = "audio",
     .video_caps = "video/x-h264,stream-format=avc; video/x-h265,stream-format=hvc1",
     .audio_caps = "audio/mpeg,mpegversion=4,stream-format=raw; audio/mpeg,mpegversion=1,layer=3",
     .longest_string = 1023,  // what ffmpeg's demuxer reads; from 65536 on flvmux writes a wrong length
     .advice = "H.265 in FLV needs the element eflvmux of GStreamer 1.28 or newer; MP3 in FLV has at most "
               "44.1 kHz."},
    // Fragmented while it grows, so that a killed process leaves a file that plays; core/disk makes it plain
    // when it is closed, as it does for what a dead process left. The muxer's own mode for that,
    // first-moov-then-finalise, loses 4 KiB of memory per fragment (1.22 to HEAD). It orders tracks by their
    // last real frame, so that a GAP lets no other track pass it.
    {.format = Format::mp4,
     .heeds_gaps = false,
     .name = "mp4",
     .extension = "mp4",
     .muxers = {"mp4mux name=mux fragment-duration=500"},
     .video_pad = "video_%u",
     .audio_pad = "audio_%u",
     .video_caps = "video/x-h264,stream-format=avc; video/x-h265,stream-format=hvc1; "
                   "video/mpeg,mpegversion=4,systemstream=false",
     .audio_caps =
         "audio/mpeg,mpegversion=4,stream-format=raw; audio/mpeg,mpegversion=1,layer=3; audio/x-opus"},
    // The queue is the thread that writes, as a muxer's own is for the others.
    {.format = Format::aac,
     .writes_adts = true,
     .name = "aac",
     .extension = "aac",
     .muxers = {"aacparse name=mux ! audio/mpeg,stream-format=adts,framed=true ! "
                "queue max-size-buffers=0 max-size-bytes=0 max-size-time=0"},
     .video_pad = nullptr,
     .audio_pad = "sink",
     .video_caps = nullptr,
     .audio_caps = kAac},
    {.format = Format::mp3,
     .name = "mp3",
     .extension = "mp3",
     .muxers = {"queue name=mux max-size-buffers=0 max-size-bytes=0 max-size-time=0"},
     .video_pad = nullptr,
     .audio_pad = "sink",
     .video_caps = nullptr,
     .audio_caps = kMp3},
    {.format = Format::hls,
     .name = "hls",
     .extension = "m3u8",
     .muxers = {"mpegtsmux name=mux"},
     .video_pad = "sink_%d",
     .audio_pad = "sink_%d",
     .video_caps = "video/x-h264,stream-format=byte-stream; video/x-h265,stream-format=byte-stream; "
                   "video/mpeg,mpegversion=4,systemstream=false",
     .audio_caps = "audio/mpeg,mpegversion=4,stream-format=adts; audio/mpeg,mpegversion=1,layer=3"},
    {.format = Format::other,
     .name = "other",
     .extension = "",
     .muxers = {},
     .video_pad = nullptr,
     .audio_pad = nullptr,
     .video_caps = nullptr,
     .audio_caps = nullptr},
};

static_assert(std::size(kContainers) == std::size(kAllFormats) + 1);

// Fragments are written by core/model/cmaf_segmenter: what there is of a muxer brings the frames of all
// tracks in one order to a thread that writes.
constexpr Container kCmaf = {
    .format = Format::hls,
    .name = "hls-cmaf",
    .extension = "m3u8",
    .muxers = {"funnel name=mux forward-sticky-events=false ! "
               "queue max-size-buffers=0 max-size-bytes=0 max-size-time=0"},
    .video_pad = "sink_%u",
    .audio_pad = "sink_%u",
    .video_caps = "video/x-h264,stream-format=avc; video/x-h265,stream-format=hvc1",
    .audio_caps = "audio/mpeg,mpegversion=4,stream-format=raw; audio/mpeg,mpegversion=1,layer=3",
};

}  // namespace

const Container &container_of(Format format) { return kContainers[static_cast<std::size_t>(format)]; }

const Container &container_of(SegmentFormat format) {
  return format == SegmentFormat::cmaf ? kCmaf : container_of(Format::hls);
}

std::string_view name_of(SegmentFormat format) { return format == SegmentFormat::cmaf ? "cmaf" : "ts"; }

std::string_view extension_of(SegmentFormat format) { return format == SegmentFormat::cmaf ? "m4s" : "ts"; }

std::optional<SegmentFormat> segment_format_named(std::string_view name) {
  for (const SegmentFormat format : {SegmentFormat::ts, SegmentFormat::cmaf})
    if (name == name_of(format)) return format;
  return std::nullopt;
}

std::string_view name_of(Format format) { return container_of(format).name; }

std::string_view extension_of(Format format) { return container_of(format).extension; }

std::optional<Format> format_named(std::string_view name) {
  for (const Format format : kAllFormats)
    if (name == name_of(format)) return format;
  return std::nullopt;
}

std::optional<Format> stored_format_named(std::string_view name) {
  return name == name_of(Format::other) ? Format::other : format_named(name);
}

Format format_of_file(std::string_view path) {
  const std::size_t dot = path.find_last_of("./");
  if (dot == std::string_view::npos || path[dot] == '/') return Format::other;
  std::string extension(path.substr(dot + 1));
  for (char &c : extension) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (extension == "mov" || extension == "m4v" || extension == "m4a") return Format::mp4;
  for (const Format format : kAllFormats)
    if (extension == extension_of(format)) return format;
  return Format::other;
}

Result<std::vector<Format>> parse_formats(std::string_view text) {
  std::vector<Format> formats;
  while (!text.empty()) {
    const auto end = text.find_first_of("+,;");
    const std::string_view name = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    const auto format = format_named(name);
    if (!format)
      return Error{Errc::invalid_argument,
                   "unknown format '" + std::string(name) + "': expected flv, mp4, aac, mp3 or hls"};
    if (std::find(formats.begin(), formats.end(), *format) != formats.end())
      return Error{Errc::invalid_argument, "format '" + std::string(name) + "' is given twice"};
    formats.push_back(*format);
  }
  return formats;
}

}  // namespace rec
