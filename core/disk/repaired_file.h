// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include "core/disk/disk_file.h"
#include "core/model/container_repair.h"

namespace rec {

// The bytes of an open file, for the functions of core/model. `file` outlives it.
Result<ByteSource> source_of(const DiskFile &file);

// Makes a whole file of what was written so far. When it fails or the process dies in it, doing it again is
// harmless. Where the disk does not take an index any more, the file stays as it grew, without
// its torn end.
// Errors: corrupt = nothing playable is in it; it is as it was. Others = try again: where the disk does not
// give what is there, nothing is cut.
Result<Repair> repair_file(Format format, DiskFile &file);

// The same of a file that its writer has closed, so that nothing of it may be given up: it is completed only
// if the repair keeps every byte. corrupt: something in it was not understood; it stays as it grew.
Result<Repair> complete_file(Format format, DiskFile &file, bool durable);

// Puts the index of a plain MP4 in front of its media: writes `<path>.front` and, when that is complete and
// synced, puts it in the place of `file`, which is as it was when this fails. Does nothing to other files.
Status move_index_to_front(DiskFile &file);

}  // namespace rec
