// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>

namespace rec {

// Who is pushing. Hostile input: nothing here is safe as a path, a header or JSON until it was checked.
struct PushIdentity {
  std::string domain;        // push domain, "push.example.org"
  std::string app;           // push path, "live"
  std::string stream;        // stream name, "cam1"
  std::string stream_param;  // query of the push URL without '?', "txSecret=x&txTime=y"

  bool operator==(const PushIdentity &) const = default;
};

}  // namespace rec
