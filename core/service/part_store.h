// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <memory>
#include <string>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/io/http.h"
#include "core/model/destinations.h"
#include "core/model/multipart_plan.h"
#include "core/service/growing_uploads.h"
#include "core/service/store_credentials.h"

namespace rec {

class StoreTraffic;

// A store that takes the parts of files which still grow. ObjectStore::put() of the closed file completes the
// object (NewObject::grown). For one thread. Errors: as ObjectStore::put().
class PartStore {
 public:
  virtual ~PartStore() = default;
  // The key under which the file grows. `name`: what it will be called in stores; "" = not known yet.
  virtual Result<std::string> key_of(const GrowingFile &file, const std::string &name) const = 0;
  // Begins an upload to this key, and aborts others: they were begun by who died before it could be
  // remembered. Returns the store's name for it. `storage_class`: neutral, "" = the store's own.
  virtual Result<std::string> begin(const GrowingFile &file, const std::string &key,
                                    const std::string &storage_class, GCancellable *cancel) = 0;
  // When it returns the part is there for good, and has the name that is returned. not_found: the store has
  // forgotten the upload, or the file is not there any more.
  virtual Result<std::string> send(const std::string &key, const std::string &upload_id,
                                   const std::string &path, const PartRange &part, GCancellable *cancel) = 0;
  // Leaves nothing of it. `upload_id`: "" = nobody knows.
  virtual Status abort(const std::string &key, const std::string &upload_id, GCancellable *cancel) = 0;
};

// The one that the uri asks for. The arguments are those of make_object_store().
Result<std::unique_ptr<PartStore>> make_part_store(const StoreSettings &settings,
                                                   StoreCredentials of_environment, HttpClient &http,
                                                   const Clock &clock,
                                                   std::shared_ptr<StoreTraffic> traffic = nullptr);

// Where a file grows whose name is not known yet, in a store with this prefix.
std::string growing_key_of(const GrowingFile &file, const std::string &prefix);

}  // namespace rec
