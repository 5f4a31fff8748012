// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <optional>
#include <string>

#include "core/model/format.h"
#include "core/model/recording_exception.h"

namespace rec {

// What is wrong with the media of a recording.
struct RecordingException {
  ExceptionReport report{ExceptionType::write_failed, {}, 0, {}};
  std::optional<Format> format{};  // whose recorder says so, when that is known
};

// Owed::detail of an exception and of a recording-error, and what it says. It is ours, but stands in a file
// that others may write: nothing = it cannot be read.
std::string exception_detail(const RecordingException &exception);
std::optional<RecordingException> exception_in(const std::string &detail);
std::string error_detail(const std::string &error);
std::string error_in(const std::string &detail);  // "" = cannot be read

}  // namespace rec
