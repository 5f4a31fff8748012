// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/model/destinations.h"
#include "core/model/spool.h"
#include "core/service/local_copies.h"

namespace rec {

// What was done about a spool, or what is to be known about it.
struct SpoolNews {
  std::string directory;
  std::uint64_t free_bytes = 0;      // of its file system, for us
  std::optional<Seconds> time_left;  // until it is low at the present rate; zero = it is low
  std::vector<std::string> removed;  // local copies that were deleted: files, playlists and manifests
};

// Deletes local copies that have been in their store for as long as that is to be
// (StoreSettings::keep_local, LocalCopyPolicy), and earlier where a spool is low and the policy says so;
// tells how long it will last while a store has an outage. What is in no store is never deleted, and what is
// only in a backup store where its template says that this is enough. For one thread.
class SpoolKeeper {
 public:
  // Bytes that are free where a directory lies.
  using FreeBytes = std::function<Result<std::uint64_t>(const std::string &directory)>;

  // `of_templates`: by name, of those that have a policy of their own.
  SpoolKeeper(std::map<std::string, StoreSettings> stores, SpoolPolicy policy, const Clock &clock,
              std::map<std::string, LocalCopyPolicy> of_templates = {}, FreeBytes free_bytes = free_bytes_of);

  // Looks about, every kInterval at most. `is_stopping` is asked now and then.
  Result<std::vector<SpoolNews>> look(Catalogue &catalogue, const std::function<bool()> &is_stopping);

  static constexpr Seconds kInterval{10};

 private:
  struct Watched {
    SpoolForecast forecast;
    std::optional<Seconds> told;
    UtcTime told_at;
  };
  // False: that was enough.
  using AfterRemoval = std::function<bool(const LocalCopy &copy)>;

  Status remove_old(LocalCopies &copies, std::vector<SpoolNews> &news);
  Status make_room(LocalCopies &copies, SpoolNews &news);
  // Recordings that are treated alike.
  struct Group {
    std::string store, holder;  // as LocalCopies::Wanted
    std::vector<std::string> templates;
    bool all_but_these = true;
    std::optional<Seconds> keep_local;  // nothing = for ever
  };
  std::vector<Group> groups() const;
  Result<bool> remove_all(LocalCopies &copies, const Group &group, UtcTime until,
                          const std::string &directory, const AfterRemoval &after);
  void forecast(bool in_outage, SpoolNews &news);
  static Result<std::uint64_t> free_bytes_of(const std::string &directory);

  const std::map<std::string, StoreSettings> stores_;
  const SpoolPolicy policy_;
  const std::map<std::string, LocalCopyPolicy> of_templates_;
  const Clock &clock_;
  const FreeBytes free_bytes_;
  std::optional<Nanoseconds> looked_;  // monotonic
  std::map<std::string, Watched> watched_;
  std::function<bool()> is_stopping_;
};

}  // namespace rec
