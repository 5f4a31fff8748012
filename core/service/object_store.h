// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/io/http.h"
#include "core/model/destinations.h"
#include "core/service/sigv4.h"

namespace rec {

// Where finished files go. For one thread. Putting the same file again is harmless: it replaces the same
// object.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  // Stores the file under `directory`-relative name (object_key()); returns the URL of the object. The file
  // is streamed, never held in memory. Errors: unavailable (try again), denied, not_found (file or bucket),
  // invalid_argument, cancelled; none of them holds a secret.
  virtual Result<std::string> put(const std::string &directory, const std::string &path,
                                  GCancellable *cancel) = 0;
};

// A directory: uri "file:///var/lib/recordings". An object is there completely or not at all.
Result<std::unique_ptr<ObjectStore>> make_file_store(const StoreSettings &settings);

// A bucket: uri "s3://bucket[/prefix]", path-style URLs below `endpoint`, one signed PUT per object (5 GiB at
// most). `http` and `clock` must outlive it.
Result<std::unique_ptr<ObjectStore>> make_s3_store(const StoreSettings &settings, S3Credentials credentials,
                                                   HttpClient &http, const Clock &clock);

// The one that the uri asks for. `credentials` are needed for s3 only.
Result<std::unique_ptr<ObjectStore>> make_object_store(const StoreSettings &settings,
                                                       const std::optional<S3Credentials> &credentials,
                                                       HttpClient &http, const Clock &clock);

}  // namespace rec
