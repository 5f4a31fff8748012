// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/io/json.h"
#include "core/service/catalogue.h"
#include "core/service/recording_jobs.h"
#include "core/service/store_ledger.h"

namespace rec {

// One recording with everything that the catalogue knows about it.
struct RecordingView {
  Recording recording;
  std::vector<StoredFile> files;
  std::vector<OwedSummary> owed;
  std::map<std::int64_t, StoredAs> stored;  // by file id
  std::vector<JobView> jobs;                // the newest ones

  std::string stored_as(const StoredFile &file) const;  // "" = not, or nowhere else than here
};

Result<RecordingView> view_of(Catalogue &catalogue, Recording recording);

// The members domain, app and stream.
JsonObjectWriter &add_push(JsonObjectWriter &json, const PushIdentity &push);

// As --json of the tool and the API say it. `more` adds members to the object of a file.
JsonObjectWriter json_of(const RecordingView &view,
                         const std::function<void(JsonObjectWriter &, const StoredFile &)> &more = {});
// The same without files and what is owed.
JsonObjectWriter json_of(const Recording &recording);

}  // namespace rec
