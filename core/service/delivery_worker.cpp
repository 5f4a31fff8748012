// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/delivery_worker.h"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <random>
#include <set>
#include <utility>

#include "core/model/retry_schedule.h"
#include "core/service/grow.h"
#include "core/service/housekeeper.h"
#include "core/service/manifest.h"
#include "core/service/recording_jobs.h"
#include "core/service/recovery.h"
#include "core/service/splice_join.h"

namespace rec {
namespace {

// Other processes write rows without telling us.
constexpr Milliseconds kGlance{500};
constexpr Seconds kUploadSilence{60};  // of the network, after which an upload has failed

}  // namespace

Result<std::unique_ptr<DeliveryWorker>> DeliveryWorker::start(Options options, const Clock &clock) {
  REC_TRY(auto catalogue, Catalogue::open(options.catalogue_path, clock));
  REC_TRY(auto lease, OwnerLease::create(options.catalogue_path));
  std::unique_ptr<DeliveryWorker> worker(new DeliveryWorker(std::move(options), std::move(lease), clock));
  REC_CHECK(StoreLedger(catalogue).probe_now());
  REC_TRY(worker->told_change_, StoreLedger(catalogue).last_change());
  const Destinations &to = worker->options_.destinations;
  auto &threads = worker->threads_;
  DeliveryWorker *w = worker.get();
  for (const auto &[name, settings] : to.stores) {
    // Shared by the lanes of the store.
    const auto traffic = std::make_shared<StoreTraffic>(settings, clock, [w] { w->kick(); });
    for (unsigned lane = 0; lane < settings.uploads; ++lane)
      threads.emplace_back([w, t = OwedTarget{OwedKind::upload, name}, lane, traffic] {  //
        w->run_lane(t, lane, traffic);
      });
    threads.emplace_back([w, store = name, traffic] { w->run_grower(store, traffic); });
  }
  for (const auto &[name, target] : to.callbacks)
    threads.emplace_back([w, t = OwedTarget{OwedKind::callback, name}] { w->run_lane(t, 0, nullptr); });
  threads.emplace_back([w] { w->run_keeper(); });
  threads.emplace_back([w] { w->run_housekeeper(); });
  threads.emplace_back([w] { w->run_merges(); });
  for (const auto &named : to.jobs) {
    const JobSettings &job = named.second;  // a binding cannot be captured (clang 14)
    for (unsigned i = 0; i < job.at_once; ++i) threads.emplace_back([w, &job] { w->run_job(job); });
  }
  if (worker->options_.describes) threads.emplace_back([w] { w->run_manifests(); });
  return worker;
}

DeliveryWorker::DeliveryWorker(Options options, OwnerLease lease, const Clock &clock)
    : options_(std::move(options)),
      lease_(std::move(lease)),
      spool_(options_.destinations.stores, options_.destinations.spool, clock,
             options_.destinations.local_copies),
      clock_(clock),
      cancel_(Ref<GCancellable>::adopt(g_cancellable_new())) {}

DeliveryWorker::~DeliveryWorker() { stop(); }

void DeliveryWorker::kick() {
  {
    MutexLock lock(mutex_);
    ++kicks_;
  }
  wake_.notify_all();
}

void DeliveryWorker::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  g_cancellable_cancel(cancel_.get());
  wake_.notify_all();
  for (std::thread &t : threads_) t.join();
  threads_.clear();
}

bool DeliveryWorker::is_stopping() {
  MutexLock lock(mutex_);
  return stopping_;
}

void DeliveryWorker::run_lane(const OwedTarget &target, unsigned number,
                              const std::shared_ptr<StoreTraffic> &traffic) {
  std::unique_ptr<HttpClient> http;  // made here: it belongs to this thread
  std::optional<Deliverer> deliverer;
  loop([&](Catalogue &catalogue) -> Result<std::optional<UtcTime>> {
    if (!deliverer) {
      http = options_.make_http(http_settings(target));
      deliverer = make_deliverer(options_.destinations, target, *http, clock_, traffic, options_.make_http);
      deliverer->on_progress = options_.on_progress;
    }
    return serve(catalogue, target, *deliverer, number);
  });
}

void DeliveryWorker::run_grower(const std::string &store, const std::shared_ptr<StoreTraffic> &traffic) {
  const Destinations &to = options_.destinations;
  std::unique_ptr<HttpClient> http;  // made here: it belongs to this thread
  std::optional<Grower> grower;
  std::minstd_rand random(std::random_device{}());
  loop([&](Catalogue &catalogue) -> Result<std::optional<UtcTime>> {
    if (!grower) {
      http = options_.make_http(http_settings({OwedKind::upload, store}));
      const auto found = to.credentials.find(store);
      REC_TRY(auto parts, make_part_store(to.stores.at(store),
                                          found == to.credentials.end() ? StoreCredentials{} : found->second,
                                          *http, clock_, traffic));
      grower.emplace(store, std::move(parts), to.storage_classes, lease_.id(), clock_, cancel_.get());
    }
    for (bool more = true; more && !is_stopping();) {
      REC_TRY(more, grower->round(catalogue, std::uniform_real_distribution<double>()(random)));
      if (more) kick();  // a file may have been closed meanwhile, and wait for its part
    }
    return std::optional<UtcTime>{};
  });
}

void DeliveryWorker::run_manifests() {
  std::optional<Manifests> manifests;
  loop([&](Catalogue &) -> Result<std::optional<UtcTime>> {
    if (!manifests) {
      REC_TRY(manifests, Manifests::open(options_.catalogue_path, clock_));
    }
    REC_TRY(const std::uint64_t written, manifests->write_due([this] { return is_stopping(); }));
    if (written > 0) kick();  // there may be more, and their uploads
    return std::optional<UtcTime>{};
  });
}

void DeliveryWorker::run_housekeeper() {
  std::optional<Housekeeper> housekeeper;
  loop([&](Catalogue &catalogue) -> Result<std::optional<UtcTime>> {
    if (!housekeeper) {
      REC_TRY(housekeeper, Housekeeper::create(options_.catalogue_path, options_.destinations, clock_,
                                               options_.make_http));
    }
    REC_TRY(const HousekeepingReport report, housekeeper->work_once(
                                                 catalogue, [this] { return is_stopping(); }, cancel_.get()));
    if (!report.errors.empty()) return report.errors.front();
    return std::optional<UtcTime>{};
  });
}

// Apart from the housekeeper: a merge takes as long as copying its files does.
void DeliveryWorker::run_merges() {
  std::set<std::string> known;
  for (const auto &[name, settings] : options_.destinations.jobs) known.insert(name);
  loop([&](Catalogue &catalogue) -> Result<std::optional<UtcTime>> {
    RecordingJobs jobs(catalogue, lease_.id());
    REC_TRY(const auto folders, jobs.release_dead([this](const std::string &owner) {
      return OwnerLease::is_alive(options_.catalogue_path, owner);
    }));
    std::error_code ignored;
    for (const std::string &folder : folders) std::filesystem::remove_all(folder, ignored);
    REC_TRY(const JobReport report, work_jobs(catalogue, lease_.id(), [this] { return is_stopping(); }));
    if (report.made > 0) kick();  // it is owed
    if (!report.errors.empty()) return report.errors.front();
    REC_TRY(const auto unknown, jobs.unknown(known));
    if (!unknown.empty())
      return Error{Errc::not_found, "recordings wait for the job '" + unknown.front() +
                                        "', which the configuration of this process does not have"};
    return std::optional<UtcTime>{};
  });
}

void DeliveryWorker::run_job(const JobSettings &settings) {
  JobRunner runner(settings, lease_.id(), clock_);
  loop([&](Catalogue &catalogue) -> Result<std::optional<UtcTime>> {
    while (!is_stopping()) {
      REC_TRY(const auto news, runner.run_next(catalogue, [this] { return is_stopping(); }));
      if (!news) break;
      options_.on_job(*news);
      if (!news->result.empty()) kick();  // it is owed
    }
    return std::optional<UtcTime>{};
  });
}

void DeliveryWorker::run_keeper() {
  loop([this](Catalogue &catalogue) { return keep(catalogue); }, kByTime);
}

Result<std::optional<UtcTime>> DeliveryWorker::serve(Catalogue &catalogue, const OwedTarget &target,
                                                     const Deliverer &deliverer, unsigned lane) {
  std::minstd_rand random(std::random_device{}());
  while (!is_stopping()) {
    if (deliverer.traffic)
      if (const Nanoseconds hold = deliverer.traffic->hold(lane); hold > Nanoseconds(0))
        return std::optional(clock_.now_utc() + std::chrono::ceil<std::chrono::microseconds>(hold));
    const double jitter = std::uniform_real_distribution<double>()(random);
    REC_TRY(const auto report,
            deliver_next(catalogue, lease_.id(), target, deliverer, jitter, clock_, cancel_.get()));
    if (!report && deliverer.help && deliverer.help()) continue;
    if (!report) break;
    options_.on_report(*report);
    if (!report->error) kick();  // what waited for this may be due now
  }
  return catalogue.next_due(target);
}

HttpSettings DeliveryWorker::http_settings(const OwedTarget &target) const {
  const Destinations &to = options_.destinations;
  if (target.kind == OwedKind::callback) {
    HttpSettings settings;
    settings.timeout = callback_timeout(to.callbacks.at(target.name).schema);
    return settings;
  }
  // Where another store stands in, silence is an outage after the same time as failures are.
  const Seconds silence = to.with_backup.contains(target.name) ? kOutageAfter : kUploadSilence;
  return http_settings_of(to.stores.at(target.name), to.proxies, silence);
}

bool DeliveryWorker::is_served(const OwedTarget &target) const {
  const Destinations &to = options_.destinations;
  return target.kind == OwedKind::upload ? to.stores.contains(target.name)
                                         : to.callbacks.contains(target.name);
}

Result<std::optional<UtcTime>> DeliveryWorker::keep(Catalogue &catalogue) {
  const std::string &path = options_.catalogue_path;
  REC_CHECK(
      catalogue.release_dead_leases([&](const auto &owner) { return OwnerLease::is_alive(path, owner); }));
  REC_CHECK(catalogue.heed_clock());
  REC_TRY(const RecoveryReport recovered, recover(catalogue, path, options_.owner, clock_));
  if (recovered.files > 0 || recovered.finished > 0) kick();
  REC_CHECK(tell_changes(catalogue));
  Status joined = ok();
  for (const std::int64_t id : recovered.joins)
    if (Status one = join(catalogue, id); !one) joined = std::move(one);
  REC_CHECK(joined);
  REC_CHECK(tell_of_unserved(catalogue));
  REC_TRY(const auto news, spool_.look(catalogue, [this] { return is_stopping(); }));
  for (const SpoolNews &one : news) options_.on_spool(one);
  if (!recovered.errors.empty()) return recovered.errors.front();
  return std::optional<UtcTime>{};
}

Status DeliveryWorker::tell_of_unserved(Catalogue &catalogue) {
  REC_TRY(const auto targets, catalogue.owed_targets());
  std::unique_ptr<HttpClient> http;  // never asked: nobody is there to be asked
  for (const OwedTarget &target : targets) {
    if (is_served(target)) continue;
    if (!http) http = options_.make_http(HttpSettings{});
    REC_CHECK(serve(catalogue, target, make_deliverer(options_.destinations, target, *http, clock_)));
  }
  return ok();
}

Status DeliveryWorker::tell_changes(Catalogue &catalogue) {
  REC_CHECK(StoreLedger(catalogue).state_outages());
  REC_TRY(const auto changes, StoreLedger(catalogue).changes_since(told_change_));
  for (const StoreChange &change : changes) {
    options_.on_change(change);
    told_change_ = change.id;
  }
  if (!changes.empty()) kick();  // other stores have something to do
  return ok();
}

Status DeliveryWorker::join(Catalogue &catalogue, std::int64_t recording_id) {
  const auto joined = join_parts(catalogue, recording_id, [this] { return is_stopping(); });
  REC_CHECK(catalogue.release_recording(recording_id, options_.owner));  // what is left is anybody's
  if (!joined) return joined.error();
  for (const Error &reason : joined->left_apart) options_.on_trouble(reason);
  kick();
  return ok();
}

Result<std::optional<UtcTime>> DeliveryWorker::try_round(const Round &round,
                                                         std::optional<Catalogue> &catalogue) {
  try {
    if (!catalogue) {
      REC_TRY(catalogue, Catalogue::open(options_.catalogue_path, clock_));
    }
    return round(*catalogue);
  } catch (const std::exception &e) {  // out of memory, say: the thread must not end the process
    return Error{Errc::unavailable, e.what()};
  }
}

void DeliveryWorker::loop(const Round &round, Glances glances) {
  std::optional<Catalogue> catalogue;
  std::string told;  // the trouble that was told last
  std::uint64_t seen = 0;
  while (!is_stopping()) {
    {
      MutexLock lock(mutex_);
      seen = kicks_;
    }
    const auto next = try_round(round, catalogue);
    if (!next && next.error().code != Errc::cancelled && next.error().message != told) {
      told = next.error().message;
      options_.on_trouble(next.error());
    }
    if (next) told.clear();
    Nanoseconds pause = kGlance;
    if (next && *next) pause = std::clamp<Nanoseconds>(**next - clock_.now_utc(), Nanoseconds(0), kGlance);
    MutexLock lock(mutex_);
    lock.wait_for(wake_, pause, [&]() REC_TSA(no_thread_safety_analysis) {
      return stopping_ || (glances == kAtKicks && kicks_ != seen);
    });
  }
}

}  // namespace rec
