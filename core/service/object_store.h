// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/io/http.h"
#include "core/model/destinations.h"
#include "core/service/catalogue_rows.h"
#include "core/service/store_credentials.h"

namespace rec {

class StoreTraffic;

struct NewObject {
  std::string directory;      // below which its file lies: its key is the path from there (object_key())
  std::string path;           // absolute
  std::string storage_class;  // neutral, as FormatOptions has it; "" = the store's own
  // Of a long file, which goes up in parts: the store's name for what an earlier attempt has sent ("" =
  // none), and where the name of this attempt is kept for the next one.
  std::string upload_id = {};
  std::function<Status(const std::string &upload_id)> remember = {};
  std::function<void()> on_progress = {};  // parts of it got there, whatever becomes of the rest
  std::optional<GrownUpload> grown = {};   // what went up of it while it grew
};

// Where finished files go. For one thread. Putting the same file again is harmless: it replaces the same
// object.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  // Returns the URL of the object. The file is streamed, never held in memory. Errors: unavailable (try
  // again), denied, not_found (file or bucket), invalid_argument, cancelled; none of them holds a secret.
  virtual Result<std::string> put(const NewObject &object, GCancellable *cancel) = 0;
  // Sends a part of what another lane of the same store is just putting, until that is broken off; false:
  // there is none.
  virtual bool help() { return false; }
};

// A directory: uri "file:///var/lib/recordings". An object is there completely or not at all.
Result<std::unique_ptr<ObjectStore>> make_file_store(const StoreSettings &settings);

// A bucket: uri "s3://bucket[/prefix]", "cos://..." (the bucket's name has its APPID) or "oss://...". One
// signed PUT for a short object, parts for a long one, of which the store verifies the bytes.
// `of_environment`: the credentials, when that is their place. `http` and `clock` must outlive it. `traffic`:
// shared by all that are made for the store; null = this is the only one.
Result<std::unique_ptr<ObjectStore>> make_bucket_store(const StoreSettings &settings,
                                                       StoreCredentials of_environment, HttpClient &http,
                                                       const Clock &clock,
                                                       std::shared_ptr<StoreTraffic> traffic = nullptr);

// The one that the uri asks for.
Result<std::unique_ptr<ObjectStore>> make_object_store(const StoreSettings &settings,
                                                       StoreCredentials of_environment, HttpClient &http,
                                                       const Clock &clock,
                                                       std::shared_ptr<StoreTraffic> traffic = nullptr);

}  // namespace rec
