// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/housekeeper.h"

#include <random>
#include <utility>

#include "core/io/files.h"
#include "core/model/object_key.h"
#include "core/model/retry_schedule.h"
#include "core/service/clip_names.h"
#include "core/service/manifest.h"

namespace rec {
namespace {

constexpr int kMostAtOnce = 256;            // recordings in one transaction
constexpr std::size_t kMostPieces = 5'000;  // that are deleted before it: others want to write, too

}  // namespace

Result<Housekeeper> Housekeeper::create(const std::string &catalogue_path, Destinations destinations,
                                        const Clock &clock, OpenStores::MakeHttp make_http) {
  REC_TRY(auto lease, OwnerLease::create(catalogue_path));
  RetentionPolicies retention = destinations.retention;
  return Housekeeper(catalogue_path, std::move(lease),
                     std::make_unique<OpenStores>(std::move(destinations), std::move(make_http), clock),
                     std::move(retention), clock);
}

Housekeeper::Housekeeper(std::string catalogue_path, OwnerLease lease, std::unique_ptr<OpenStores> stores,
                         RetentionPolicies retention, const Clock &clock)
    : catalogue_path_(std::move(catalogue_path)),
      lease_(std::move(lease)),
      stores_(std::move(stores)),
      retention_(std::move(retention)),
      clock_(&clock) {}

Result<HousekeepingReport> Housekeeper::work_once(Catalogue &catalogue,
                                                  const std::function<bool()> &is_stopping,
                                                  GCancellable *cancel) {
  HousekeepingReport report;
  const Nanoseconds now = clock_->monotonic();
  if (!looked_ || now - *looked_ >= kInterval) {
    looked_ = now;
    REC_CHECK(look_about(catalogue, report));
  }
  REC_CHECK(finish_removals(catalogue, is_stopping, cancel, report));
  return report;
}

Status Housekeeper::look_about(Catalogue &catalogue, HousekeepingReport &report) {
  const auto is_alive = [this](const std::string &owner) {
    return OwnerLease::is_alive(catalogue_path_, owner);
  };
  REC_CHECK(RemovalRows(catalogue, lease_.id()).release_dead(is_alive));
  REC_CHECK(remove_files_of_the_dead(catalogue, is_alive));
  REC_TRY(Manifests manifests, Manifests::open(catalogue_path_, *clock_));
  const auto written = manifests.write_again([] { return false; });
  if (!written)
    report.errors.push_back(
        {written.error().code, "a manifest that has changed: " + written.error().message});
  const Nanoseconds now = clock_->monotonic();
  if (expired_ && now - *expired_ < kExpiryInterval) return ok();
  expired_ = now;
  REC_TRY(report.expired, expire(catalogue, retention_, free_bytes_of));
  return ok();
}

Status Housekeeper::finish_removals(Catalogue &catalogue, const std::function<bool()> &is_stopping,
                                    GCancellable *cancel, HousekeepingReport &report) {
  std::minstd_rand random(std::random_device{}());
  RemovalRows rows(catalogue, lease_.id());
  while (!is_stopping()) {
    REC_TRY(const bool due, rows.any_due());
    if (!due) break;
    REC_TRY(const auto taken, rows.take(kMostAtOnce));
    std::size_t done = 0;
    for (const Removing &one : taken) {
      if (done > kMostPieces || is_stopping()) {
        REC_CHECK(rows.give_back(one));
        continue;
      }
      REC_TRY(const auto pieces, rows.pieces_of(one));
      done += pieces.size();
      const Status removed = remove_pieces(one, pieces, cancel);
      report.removed += removed ? 1 : 0;
      if (removed) continue;
      const double jitter = std::uniform_real_distribution<double>()(random);
      const Nanoseconds delay = upload_retry_delay(one.attempts + 1, jitter);
      REC_CHECK(rows.failed(one, removed.error().message,
                            clock_->now_utc() + std::chrono::ceil<std::chrono::microseconds>(delay)));
      report.errors.push_back(
          {removed.error().code, "removal of recording " + one.session_id + ": " + removed.error().message});
    }
    REC_CHECK(rows.settle());
  }
  return ok();
}

Status Housekeeper::remove_pieces(const Removing &one, const std::vector<RemovablePiece> &pieces,
                                  GCancellable *cancel) {
  for (const RemovablePiece &piece : pieces) {
    if (piece.store.empty()) {
      // The catalogue is a file that others may write: nothing is deleted beside the recording's own folder.
      if (const auto below = object_key("", one.directory, piece.place); !below) return below.error();
      REC_CHECK(remove_file_below(piece.place, one.directory));
      continue;
    }
    REC_TRY(ObjectStore *const store, stores_->get(piece.store));
    if (!piece.upload_id.empty()) {
      REC_CHECK(store->abort(piece.place, piece.upload_id, cancel));
      continue;
    }
    std::string url = piece.place;
    if (url.empty()) {
      REC_TRY(url, store->url_of(piece.object));
    }
    REC_CHECK(store->remove(url, cancel));
  }
  return ok();
}

}  // namespace rec
