// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <vector>

#include "core/base/result.h"
#include "core/service/catalogue_rows.h"

namespace rec {

// Makes a whole file of one that its dead writer left open, under its final name. `siblings`: all files of
// the recording, so that the name of another is not taken for it. Errors: corrupt or not_found = there is
// nothing to save; others = try again.
Result<ClosedFile> recover_file(const StoredFile &open_file, const std::vector<StoredFile> &siblings);

// What is in a file that an element that is not ours has closed under its final name (`open_file` has that
// name as temp_path and as location_pattern); of Format::other nothing but its size is known. Errors: corrupt
// = nothing in it plays.
Result<ClosedFile> foreign_file(const StoredFile &open_file, UtcTime ended);

// The final playlist of an HLS recording: what the dead writer had in hand is listed if it plays, then VOD
// with EXT-X-ENDLIST. Doing it again is harmless. `recording` as it is in the catalogue.
struct RecoveredPlaylist {
  ClosedFile file;  // codec and size of the picture are not known
  std::vector<NewSegment> segments;
};
// not_found: there is no playlist, hence nothing to finish.
Result<RecoveredPlaylist> recover_playlist(const Recording &recording);

}  // namespace rec
