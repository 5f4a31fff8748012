// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/io/http.h"
#include "core/model/destinations.h"
#include "core/model/job_settings.h"
#include "core/model/retention.h"
#include "core/model/spool.h"
#include "core/service/callback_message.h"
#include "core/service/catalogue.h"
#include "core/service/store_credentials.h"
#include "core/service/store_http.h"
#include "core/service/store_ledger.h"
#include "core/service/store_traffic.h"

namespace rec {

// Who is known by the names in the catalogue. Secrets are read by whoever may read the environment; a name
// without its secret is owed and fails visibly, it is never sent unsigned.
struct Destinations {
  std::map<std::string, StoreSettings> stores;
  std::map<std::string, CallbackTarget> callbacks;
  std::map<std::string, StoreCredentials> credentials;  // of the environment, by name of the store
  std::map<std::pair<std::string, Format>, std::string> storage_classes;  // by template; "" = the store's own
  ProxyVariables proxies;                                                 // of the environment
  std::map<std::string, CallbackKeys> callback_keys;  // by name of the callback, when it has a key_env
  SpoolPolicy spool;
  std::map<std::string, LocalCopyPolicy> local_copies;  // by template, of those that have one
  std::map<std::string, RetentionPolicy> retention;     // by template
  std::map<std::string, JobSettings> jobs;              // that are run on what is recorded
  std::set<std::string> with_backup;                    // stores for which another one stands in
};

// One attempt has ended.
struct DeliveryReport {
  OwedTarget target;
  std::string location;          // the file
  std::string url;               // upload: of the object; callback: whom it was told (without its query)
  int attempt = 1;               // counts from 1
  std::optional<Error> error;    // absent = delivered
  std::optional<UtcTime> retry;  // when it is tried again, with `error`
  // Upload of a file: what it would be called in the store, had not another recording that name; "" = it has
  // it.
  std::string renamed_from = {};
  StoredAs state = StoredAs::uploaded;  // upload: what it is, or is to become
  bool is_running = false;  // upload: of a playlist that is still recorded; without `url` nothing went up
};

// An upload has begun (`sent_bytes` 0), or has got on.
struct UploadProgress {
  std::string store;
  std::string location;  // the file
  int attempt = 1;       // counts from 1
  std::uint64_t bytes = 0;
  std::uint64_t sent_bytes = 0;  // that the store has of it
};

// What an attempt at an upload tells while it lasts.
struct AttemptNews {
  // Keeps the store's name for an upload in parts, so that the next attempt goes on with it.
  std::function<Status(const std::string &upload_id)> remember;
  std::function<void(std::uint64_t sent_bytes)> progress;  // on any thread
};

// How one attempt ended.
struct Attempt {
  Attempt(Result<std::string> r) : result(std::move(r)) {}  // NOLINT(google-explicit-constructor)
  Attempt(Error e) : result(std::move(e)) {}                // NOLINT(google-explicit-constructor)

  Result<std::string> result;   // the URL of what was delivered, or why it was not
  int http_status = 0;          // callbacks: what the receiver answered; 0 = nothing
  bool has_progressed = false;  // uploads: the store has got more of the file than it had
  bool is_others_fault =
      false;  // uploads: nothing is known of this store, another one did not give the bytes
};

// One way of delivering one row.
using DeliverOne = std::function<Attempt(const Owed &owed, const AttemptNews &news, GCancellable *cancel)>;

// How long to wait after the `failed`-th failure in a row; `jitter` in [0, 1).
using RetryDelay = std::function<Nanoseconds(int failed, double jitter)>;

struct Deliverer {
  DeliverOne deliver;
  RetryDelay delay;
  // Uploads: what the lanes of the store share (they do), and ObjectStore::help(). Else nothing.
  std::shared_ptr<StoreTraffic> traffic = {};
  std::function<bool()> help = {};
  // Uploads: told that one begins, and at most once a second how far it is. On any thread; null = nobody
  // asks.
  std::function<void(const UploadProgress &)> on_progress = {};
};

using MakeHttp = std::function<std::unique_ptr<HttpClient>(const HttpSettings &settings)>;

// How `target` is served. For a target that is missing or cannot be served `deliver` says why. All must
// outlive it. `traffic`: of all lanes of the store; null = this is the only one. `make_http`: for other
// stores, where what is owed lies when its local copy is gone; null = there are none.
Deliverer make_deliverer(const Destinations &destinations, const OwedTarget &target, HttpClient &http,
                         const Clock &clock, std::shared_ptr<StoreTraffic> traffic = nullptr,
                         const MakeHttp &make_http = nullptr);

// Takes one due row of `target`, tries once, and writes down what came of it. Nothing to report = nothing was
// due. `jitter` in [0, 1). A cancelled attempt does not count: its row is free again.
Result<std::optional<DeliveryReport>> deliver_next(Catalogue &catalogue, const std::string &lease,
                                                   const OwedTarget &target, const Deliverer &deliverer,
                                                   double jitter, const Clock &clock, GCancellable *cancel);

}  // namespace rec
