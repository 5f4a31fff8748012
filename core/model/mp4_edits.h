// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"

namespace rec {

// How a track of an MP4 begins: its first frame. Times count from anywhere, the same for all tracks.
struct Mp4TrackStart {
  bool is_video = false;
  Nanoseconds pts{0};
  Nanoseconds dts{0};  // of audio: its PTS
};

// In fragments mp4mux (1.22 to 1.28 at least) counts each track's time from its own first frame and says
// nowhere how far apart they begin.
//
// `moov`: the box without samples that it writes first. Returns it with an edit list in each track (ISO/IEC
// 14496-12, 8.6.6), which delays the track that begins later, and begins with the first picture's
// presentation where pictures are reordered. `starts`: of the tracks of each kind in the order of the boxes;
// a track without one is left alone, as are other bytes. Hostile bytes are fine.
std::string with_edit_lists(std::string_view moov, const std::vector<Mp4TrackStart> &starts);

}  // namespace rec
