// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <chrono>
#include <string>
#include <vector>

namespace rec::test {

// What came out of a player, decoded.
struct PlayedTrack {
  std::size_t frames = 0;
  std::vector<int> formats;                     // widths or, of GStreamer, sampling rates: each that came
  std::chrono::microseconds begin{0};           // of the first frame
  std::chrono::microseconds longest_step{0};    // between two frames' times, forward
  std::chrono::microseconds longest_return{0};  // and back
};
struct Played {
  PlayedTrack video, audio;
  std::string complaints;  // "" = none, up to the end
};
std::string describe(const Played &played);

// ffmpeg: times as the demuxer makes them. It takes no notice of #EXT-X-DISCONTINUITY.
Played played_by_ffmpeg(const std::string &playlist_path);

// GStreamer's playbin3 with hlsdemux2, as fast as it goes, in a process of its own, for hlsdemux2 1.22 leaks
// what #EXT-X-PROGRAM-DATE-TIME says: times are running times. Over HTTP, as it reads nothing else.
Played played_by_gstreamer(const std::string &playlist_path);

}  // namespace rec::test
