// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/base/worker.h"
#include "core/service/catalogue.h"
#include "core/service/owner_lease.h"

namespace rec {

// Where everything that the rulebins of this process and their branches have to say to one catalogue is done:
// one thread that owns the connection, one job after the other. Streaming and muxer threads post; what they
// ask waits.
class CatalogueDesk {
 public:
  // The process's desk of this catalogue, as long as somebody keeps it; opens or creates the catalogue where
  // there is none. `clock` outlives it. Thread-safe.
  static Result<std::shared_ptr<CatalogueDesk>> open(const std::string &path, const Clock &clock);
  ~CatalogueDesk();  // does what is posted; not from a job
  CatalogueDesk(const CatalogueDesk &) = delete;
  CatalogueDesk &operator=(const CatalogueDesk &) = delete;

  // As Worker's: false when there is too much to do.
  [[nodiscard]] bool post(Worker::Job job) { return worker_.post(std::move(job)); }
  [[nodiscard]] bool call(const Worker::Job &job) { return worker_.call(job); }

  Catalogue &catalogue() { return *catalogue_; }  // in jobs only
  const std::string &path() const { return path_; }
  const std::string &owner() const { return lease_->id(); }  // of the rows of this process

 private:
  static Result<std::shared_ptr<CatalogueDesk>> make(const std::string &path, const Clock &clock);
  CatalogueDesk(std::string path, std::shared_ptr<const OwnerLease> lease)
      : path_(std::move(path)), lease_(std::move(lease)) {}

  const std::string path_;
  const std::shared_ptr<const OwnerLease> lease_;  // shared by all who have this catalogue
  std::optional<Catalogue> catalogue_;             // the worker's
  Worker worker_;
};

}  // namespace rec
