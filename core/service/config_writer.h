// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>

#include "core/service/configuration.h"

namespace rec {

// The file that says what the configuration does (docs/configuration.md), for people: indented, without the
// members that have their default.
std::string write_configuration(const Configuration &configuration);

}  // namespace rec
