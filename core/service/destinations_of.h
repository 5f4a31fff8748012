// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <string>

#include "core/service/configuration.h"
#include "core/service/delivery.h"

namespace rec {

// "" for one that is not set.
using EnvironmentVariable = std::function<std::string(const char *name)>;

// The stores and callbacks of a configuration with the secrets that stand in the environment.
Destinations destinations_of(const Configuration &configuration, const EnvironmentVariable &environment);

}  // namespace rec
