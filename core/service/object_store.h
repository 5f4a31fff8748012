// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/io/http.h"
#include "core/model/destinations.h"
#include "core/model/object_label.h"
#include "core/service/catalogue_rows.h"
#include "core/service/store_credentials.h"

namespace rec {

class StoreTraffic;

// The bytes of an object, or of one that is to be, which are not in a local file.
struct FetchedBytes {
  std::uint64_t bytes = 0;
  std::string sha256 = {};  // lower-case hex, that they must have; "" = not known
  std::function<Result<std::string>(std::uint64_t offset, std::uint64_t bytes)> read;  // of any length
};

struct NewObject {
  std::string directory;      // below which its file lies: its key is the path from there (object_key())
  std::string path;           // absolute
  std::string storage_class;  // neutral, as FormatOptions has it; "" = the store's own
  LabelFacts about = {};      // what it is of
  // Of a long file, which goes up in parts: the store's name for what an earlier attempt has sent ("" =
  // none), and where the name of this attempt is kept for the next one.
  std::string upload_id = {};
  std::function<Status(const std::string &upload_id)> remember = {};
  // A part of it got there, whatever becomes of the rest: how many bytes of it are there now. On any thread.
  std::function<void(std::uint64_t sent_bytes)> on_progress = {};
  std::optional<GrownUpload> grown = {};    // what went up of it while it grew
  std::string name = {};                    // what it is called in stores (object_name()); "" = like its path
  std::optional<std::string> content = {};  // what goes up instead of the file's bytes; short
  std::optional<FetchedBytes> fetched = {};  // what goes up when there is no such file any more
};

// Of the object in a store with this prefix.
Result<std::string> key_of(const NewObject &object, const std::string &prefix);

// How an object is to be got.
struct PresignedGet {
  Seconds valid{0};
  std::string content_type = {};  // that the store is to say; "" = what it has
  std::string disposition = {};   // the same
};

// Where finished files go. For one thread. Putting the same file again is harmless: it replaces the same
// object.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  // Returns the URL of the object. The file is streamed, never held in memory. Errors: unavailable (try
  // again), denied, not_found (file or bucket), invalid_argument, cancelled; none of them holds a secret.
  virtual Result<std::string> put(const NewObject &object, GCancellable *cancel) = 0;
  // Deletes the object with a URL that put() has returned. One that is not there is no error: somebody was
  // faster. Errors: unavailable (try again), denied, not_found (no such bucket), invalid_argument (the URL is
  // none of this store's), cancelled.
  virtual Status remove(const std::string &url, GCancellable *cancel) = 0;
  // Aborts an upload in parts of what is called so (NewObject::name). One that is not there is no error.
  // Errors: as remove().
  virtual Status abort(const std::string &name, const std::string &upload_id, GCancellable *cancel) = 0;
  // A stretch of the object with a URL that put() has returned: exactly so many bytes, kLargestAnswer at
  // most. Errors: not_found, corrupt (the object is shorter), and as remove().
  virtual Result<std::string> read(const std::string &url, std::uint64_t offset, std::uint64_t bytes,
                                   GCancellable *cancel) = 0;
  // All of it, if it is not longer than `most_bytes`; else corrupt.
  virtual Result<std::string> read_all(const std::string &url, std::uint64_t most_bytes,
                                       GCancellable *cancel) = 0;
  // What put() returns for an object of this name (NewObject::name).
  virtual Result<std::string> url_of(const std::string &name) const = 0;
  // An address with which whoever has it may get that object; a secret while it is valid. Errors:
  // invalid_argument (this store has no such addresses), and as remove().
  virtual Result<std::string> presigned(const std::string &url, const PresignedGet &get,
                                        GCancellable *cancel) = 0;
  // How long the object with a URL that put() has returned is. Errors: not_found, and as remove().
  virtual Result<std::uint64_t> length(const std::string &url, GCancellable *cancel) = 0;
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
