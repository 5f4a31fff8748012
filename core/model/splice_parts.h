// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/model/format.h"

namespace rec {

// A file of a recording, as far as joining is concerned.
struct FilePart {
  Format format = Format::flv;
  std::int64_t push = 0;    // that brought it
  bool is_lost = false;     // it failed: as if it had never been
  bool is_free = false;     // it stands for itself and is announced already
  bool is_complete = true;  // else it still grows
};

// `files`: all of a recording, in the order in which they were begun.
//
// An interruption ends the last file of a push, and the first one of the next push goes on in it; what is cut
// in the middle of a push is a file of its own.

// Whether `i` goes on in a file that waits for it.
bool continues_another(std::span<const FilePart> files, std::size_t i);

// The files that become one, in playback order, for all complete files that are not free; alone where nothing
// goes on.
std::vector<std::vector<std::size_t>> files_that_become_one(std::span<const FilePart> files);

}  // namespace rec
