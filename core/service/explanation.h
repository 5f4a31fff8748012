// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>
#include <vector>

#include "core/service/configuration.h"

namespace rec {

// What a configuration does with a push and why, for people. Identities are as pushed: whoever shows them
// makes them printable.
struct Explanation {
  struct Line {
    std::string label;  // "template", "because", "weaker", "other"...; may come several times
    std::string text;
  };
  std::vector<Line> lines;
  bool recorded = false;
};

// `addresses`: also where stores and callbacks are, in which people put passwords by mistake.
Explanation explain_push(const Configuration &configuration, const PushIdentity &push, bool addresses);

std::string to_string(const Explanation &explanation);  // "label: text" lines

}  // namespace rec
