// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gst/gst.h>

#include <functional>
#include <optional>
#include <string>

#include "core/service/push_session.h"

namespace rec {

// What is to be done in the catalogue about a recorder's element message; runs on the worker.
struct ChildReport {
  const char *what;  // for people: "a new file"
  std::function<Status(PushSession &)> note;
};

// Reads recsink's and splicesink's messages; nothing for those that the catalogue does not keep.
// `time_zone`: of the template, in which the end of names will be written. Any thread; copies all values.
std::optional<ChildReport> read_child_report(const GstStructure *message, const std::string &time_zone);

}  // namespace rec
