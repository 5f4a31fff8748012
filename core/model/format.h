// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace rec {

enum class MediaKind { video, audio };

// What a recording is stored as (spec 3.1). `other`: what elements that are not ours write besides (MPEG-TS,
// Matroska...); it is kept as it is, nothing reads it.
enum class Format { flv, mp4, aac, mp3, hls, other };

// Those that can be asked for.
inline constexpr Format kAllFormats[] = {Format::flv, Format::mp4, Format::aac, Format::mp3, Format::hls};

// Everything that is particular about storing one format: one row of the table in format.cpp. Caps, pads and
// elements are GStreamer's, in its notation.
struct Container {
  Format format;
  // A GAP event keeps "mux" from waiting for a silent track; otherwise the track has to end.
  bool heeds_gaps = true;
  // "mux" indexes every audio frame that has a PTS, for ever in memory: beside video, audio has a DTS alone.
  bool indexes_audio = false;
  bool writes_adts = false;  // of raw AAC: see core/model/aac_config.h
  // "mux" counts a file's duration by DTS: audio needs one.
  bool counts_by_dts = false;
  const char *name;       // configuration, events, catalogue, element names
  const char *extension;  // of the finished file
  // What writes it, the preferred one first: text for gst_parse_bin_from_description() that begins with the
  // element that takes the pads, named "mux". The first one that is installed and whose pad templates take
  // the tracks writes the file; nullptr ends the list.
  std::array<const char *, 2> muxers;
  const char *video_pad;  // request pad templates of "mux"; nullptr: this kind is left out
  const char *audio_pad;
  const char *video_caps;  // what it may hold of a StreamFormat::packetized (files) or byte_stream (ts) track
  const char *audio_caps;
  std::size_t longest_string = 0;  // of a tag, in bytes: longer ones damage the header; 0: any
  const char *advice = nullptr;    // to whom it cannot hold enough; a sentence

  const char *pad_of(MediaKind kind) const { return kind == MediaKind::video ? video_pad : audio_pad; }
  const char *caps_of(MediaKind kind) const { return kind == MediaKind::video ? video_caps : audio_caps; }
  bool takes(MediaKind kind) const { return pad_of(kind) != nullptr; }
  bool takes_many(MediaKind kind) const {
    return takes(kind) && std::string_view(pad_of(kind)).find('%') != std::string_view::npos;
  }
};

const Container &container_of(Format format);

// What the segments of an HLS recording are: MPEG-TS, or fragmented MP4 (core/model/cmaf_segmenter).
enum class SegmentFormat { ts, cmaf };

const Container &container_of(SegmentFormat format);
std::string_view name_of(SegmentFormat format);       // "ts", "cmaf": configuration
std::string_view extension_of(SegmentFormat format);  // "ts", "m4s"
std::optional<SegmentFormat> segment_format_named(std::string_view name);

// "flv", "mp4", "aac", "mp3", "hls": configuration, events, catalogue.
std::string_view name_of(Format format);
std::string_view extension_of(Format format);                      // of the finished file: "flv", ..., "m3u8"
std::optional<Format> format_named(std::string_view name);         // of kAllFormats
std::optional<Format> stored_format_named(std::string_view name);  // of the catalogue: `other`, too
// What a file that is not ours holds, going by its extension ("mov" is MP4); `other` when that says nothing.
Format format_of_file(std::string_view path);

// Reads "flv+mp4+aac" (also ',' or ';' between names). Errors name the part that is unknown or repeated.
Result<std::vector<Format>> parse_formats(std::string_view text);

}  // namespace rec
