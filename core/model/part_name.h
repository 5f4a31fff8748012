// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/model/format.h"

namespace rec {

// Names of files that grow: ".<name>.part", with a "-<n>" before ".part" where that was taken. <name> is the
// final one, in which only {End...} placeholders are left.

// <name> of such a file and what it holds; nothing for other files.
struct PartName {
  std::string name;
  Format format;
};
std::optional<PartName> parse_part_name(std::string_view file_name);

// Whether a recorder with this `location` (core/model/name_pattern.h, with or without the format's extension)
// may have begun the file `path`, whose last part is a PartName::name.
bool may_come_from(std::string_view path, std::string_view location, Format format);

// Where to look for the files of a location: the deepest folder that holds all of them ("" = the working
// directory), and how many folders may lie between it and a file.
struct PartFolder {
  std::string path;
  unsigned depth = 0;
};
PartFolder folder_of_parts(std::string_view location);

}  // namespace rec
