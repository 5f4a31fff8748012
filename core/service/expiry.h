// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/model/retention.h"
#include "core/service/catalogue.h"
#include "core/service/configuration.h"

namespace rec {

// By template. A recording lasts as long as the longest of its formats.
using RetentionPolicies = std::map<std::string, RetentionPolicy>;
RetentionPolicies retention_of(const Configuration &configuration);

// Bytes that are free where a directory lies; nothing = that is not known.
using FreeBytes = std::function<std::optional<std::uint64_t>(const std::string &directory)>;
std::optional<std::uint64_t> free_bytes_of(const std::string &directory);

// What would go now, by template, and what the policy comes to.
struct ExpiryPlan {
  std::vector<Expiry> expired;
  RetentionForecast forecast;
};
Result<ExpiryPlan> plan_expiry(Catalogue &catalogue, const std::string &template_name,
                               const RetentionPolicy &policy, const FreeBytes &free_bytes);

// Begins the removal (removal.h) of the files of all recordings whose time is over, of those of formats whose
// own time is over, and that of the information about those whose files went long ago. How many. A
// recording's own time counts also where no policy is, and for all of its formats. What is made of recordings
// (clips, merges, results of jobs) goes as a whole.
Result<std::uint64_t> expire(Catalogue &catalogue, const RetentionPolicies &policies,
                             const FreeBytes &free_bytes);

}  // namespace rec
