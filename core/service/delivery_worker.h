// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/base/sync.h"
#include "core/service/delivery.h"
#include "core/service/job_runner.h"
#include "core/service/owner_lease.h"
#include "core/service/spool_keeper.h"

namespace rec {

// Delivers what a catalogue owes until it is stopped, whoever put it there: threads of its own for every
// store (StoreSettings::uploads) and one for every callback, so that a dead one holds up nobody, and one that
// frees what dead workers held, finishes what dead recorders left (recovery.h) and says which targets nobody
// serves; another one writes manifests (manifest.h), another one removes recordings (housekeeper.h),
// another one merges files, and as many as a job of the configuration may run at once (job_runner.h) run it.
// Each thread has its own connection. Several workers, in this and other processes, share one catalogue.
class DeliveryWorker {
 public:
  struct Options {
    std::string catalogue_path;
    std::string owner;  // under which recordings of dead owners are finished
    Destinations destinations;
    std::function<std::unique_ptr<HttpClient>(const HttpSettings &settings)> make_http =
        [](const HttpSettings &settings) { return make_soup_http_client(settings); };
    bool describes = false;  // writes the manifests of finished recordings (manifest.h)
    // Called on the worker's threads, without a lock; must not call stop().
    std::function<void(const DeliveryReport &)> on_report = [](const DeliveryReport &) {};
    std::function<void(const UploadProgress &)> on_progress = {};  // see Deliverer::on_progress
    // What happens to stores, whoever noticed it; on one thread, in its order.
    std::function<void(const StoreChange &)> on_change = [](const StoreChange &) {};
    std::function<void(const SpoolNews &)> on_spool = [](const SpoolNews &) {};  // the same thread
    std::function<void(const JobNews &)> on_job = [](const JobNews &) {};
    // What kept a thread from working, once until it works again.
    std::function<void(const Error &)> on_trouble = [](const Error &) {};
  };

  // Fails when the catalogue cannot be opened. `clock` must outlive it.
  static Result<std::unique_ptr<DeliveryWorker>> start(Options options, const Clock &clock);
  ~DeliveryWorker();  // stop()
  DeliveryWorker(const DeliveryWorker &) = delete;
  DeliveryWorker &operator=(const DeliveryWorker &) = delete;

  // Something may be due: look for it now instead of at the next glance (every half second).
  void kick() REC_EXCLUDES(mutex_);
  // Breaks off what is under way (it stays owed) and joins. Idempotent; one caller at a time.
  void stop() REC_EXCLUDES(mutex_);

 private:
  // One glance: the instant at which there is more to do, nothing when that is not known.
  using Round = std::function<Result<std::optional<UtcTime>>(Catalogue &)>;

  DeliveryWorker(Options options, OwnerLease lease, const Clock &clock);
  // `number`: of the lane among those of the target; `traffic`: theirs, null for a callback.
  void run_lane(const OwedTarget &target, unsigned number, const std::shared_ptr<StoreTraffic> &traffic);
  // Sends the store's files while they grow.
  void run_grower(const std::string &store, const std::shared_ptr<StoreTraffic> &traffic);
  void run_keeper();
  void run_housekeeper();
  void run_merges();
  void run_job(const JobSettings &settings);
  void run_manifests();
  Result<std::optional<UtcTime>> serve(Catalogue &catalogue, const OwedTarget &target,
                                       const Deliverer &deliverer, unsigned lane = 0);
  Result<std::optional<UtcTime>> keep(Catalogue &catalogue);
  Status tell_of_unserved(Catalogue &catalogue);
  Status join(Catalogue &catalogue, std::int64_t recording_id);
  Status tell_changes(Catalogue &catalogue);
  // A kick follows every delivery: what looks at all that is owed comes by time alone, or else what cannot be
  // delivered would cost something with each that can.
  enum Glances { kAtKicks, kByTime };
  // Glances until stop(); what goes wrong (exceptions, too) is told and tried again.
  void loop(const Round &round, Glances glances = kAtKicks) REC_EXCLUDES(mutex_);
  Result<std::optional<UtcTime>> try_round(const Round &round, std::optional<Catalogue> &catalogue);
  bool is_stopping() REC_EXCLUDES(mutex_);
  HttpSettings http_settings(const OwedTarget &target) const;
  bool is_served(const OwedTarget &target) const;

  const Options options_;
  const OwnerLease lease_;
  SpoolKeeper spool_;  // the keeper's
  const Clock &clock_;
  const Ref<GCancellable> cancel_;

  Mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ REC_GUARDED_BY(mutex_) = false;
  std::uint64_t kicks_ REC_GUARDED_BY(mutex_) = 0;
  std::int64_t told_change_ = 0;      // of the journal; the keeper's, after start()
  std::vector<std::thread> threads_;  // touched by start() and stop() only
};

}  // namespace rec
