// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/service/catalogue.h"
#include "core/service/expiry.h"
#include "core/service/open_stores.h"
#include "core/service/owner_lease.h"
#include "core/service/removal_rows.h"

namespace rec {

// What was done.
struct HousekeepingReport {
  std::uint64_t expired = 0;       // recordings whose removal was begun because their time is over
  std::uint64_t removed = 0;       // recordings whose files or information are gone now
  std::vector<Error> errors = {};  // that kept single recordings from it; they are tried again
};

// Does in the background what recordings want when they are finished: what their retention wants (expiry.h),
// the second phase of removals (removal.h), and away with clips that the dead have begun (clip_names.h). Any
// number of processes may have one; each works on what it has taken on its lease, and what a dead one has
// left is freed. For one thread.
class Housekeeper {
 public:
  // `clock` must outlive it.
  static Result<Housekeeper> create(
      const std::string &catalogue_path, Destinations destinations, const Clock &clock,
      OpenStores::MakeHttp make_http = [](const HttpSettings &settings) {
        return make_soup_http_client(settings);
      });

  // Does what is due. Errors: the catalogue's.
  Result<HousekeepingReport> work_once(
      Catalogue &catalogue, const std::function<bool()> &is_stopping = [] { return false; },
      GCancellable *cancel = nullptr);

  static constexpr Seconds kInterval{10};  // between two looks for what the dead have left
  static constexpr Seconds kExpiryInterval{60};

 private:
  Housekeeper(std::string catalogue_path, OwnerLease lease, std::unique_ptr<OpenStores> stores,
              RetentionPolicies retention, const Clock &clock);
  Status look_about(Catalogue &catalogue, HousekeepingReport &report);
  Status finish_removals(Catalogue &catalogue, const std::function<bool()> &is_stopping, GCancellable *cancel,
                         HousekeepingReport &report);
  Status remove_pieces(const Removing &one, const std::vector<RemovablePiece> &pieces, GCancellable *cancel);

  std::string catalogue_path_;
  OwnerLease lease_;
  std::unique_ptr<OpenStores> stores_;
  RetentionPolicies retention_;
  const Clock *clock_;                  // never null
  std::optional<Nanoseconds> looked_;   // monotonic
  std::optional<Nanoseconds> expired_;  // the same
};

}  // namespace rec
