// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/model/store_health.h"

namespace rec {

class Catalogue;

// Something that happened between primary and backup stores: a row of the journal.
struct StoreChange {
  enum class Event {
    outage,       // `store` takes nothing any more
    back,         // `store` has taken something again
    failed_over,  // what the recording owes to `store` is now owed to `backup`, too
    returned,     // nothing of the recording was in `backup` yet, and `store` is back
    backfilled,   // all that `backup` has of the recording is in `store`, too
  };
  std::int64_t id = 0;  // rising
  UtcTime at{};
  Event event = Event::outage;
  std::string store;            // of a recording its primary
  std::string backup = {};      // of a recording only
  std::string session_id = {};  // Recording::session_id; "" = of the store itself
};

std::string_view name_of(StoreChange::Event event);  // "outage", "back", "failed-over" ...

// What an upload has made of a file.
enum class StoredAs {
  uploaded,     // it is in its store
  backed_up,    // it is in the backup store, because its own fails
  back_filled,  // it is in its own, after it was in the backup store
};
std::string_view name_of(StoredAs state);  // "uploaded", "backed-up", "back-filled"

// What is known about stores, on the connection of a catalogue: the same thread, the same errors. A store's
// successes are noted by Catalogue::done() itself.
class StoreLedger {
 public:
  explicit StoreLedger(Catalogue &catalogue) : catalogue_(catalogue) {}

  // An attempt that began at `began` failed, through the store's fault. `jitter` in [0, 1).
  Status note_failure(const std::string &store, UtcTime began, double jitter);
  // For stores that nobody takes rows of just now: states outages that are due (see take_limit()).
  Status state_outages();
  // Tries stores in an outage at once: somebody may have mended what was wrong.
  Status probe_now();
  Result<StoreHealth> health(const std::string &store);
  Result<std::vector<std::string>> stores_in_outage();
  // Journal, oldest first: what came after the change with this id.
  Result<std::vector<StoreChange>> changes_since(std::int64_t id);
  Result<std::int64_t> last_change();  // 0 = there is none
  // What has become of the uploaded files of a recording, by file id.
  Result<std::map<std::int64_t, StoredAs>> stored_files(std::int64_t recording_id);

 private:
  Catalogue &catalogue_;
};

}  // namespace rec
