// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/model/multipart_plan.h"
#include "core/service/growing_uploads.h"
#include "core/service/part_store.h"

namespace rec {

// Sends files to a store while they grow, so that hardly anything is left to be sent when they are closed:
// parts that will not change any more (settled_parts_of()). Who delivers the closed file completes it
// (NewObject::grown). For one thread; any number of them may serve a store.
class Grower {
 public:
  // By template and format; "" = the store's own.
  using StorageClasses = std::map<std::pair<std::string, Format>, std::string>;

  // `store`: its name. `lease`: of the process. What is given by reference outlives it.
  Grower(std::string store, std::unique_ptr<PartStore> parts, const StorageClasses &classes,
         std::string lease, const Clock &clock, GCancellable *cancel)
      : store_(std::move(store)),
        parts_(std::move(parts)),
        classes_(classes),
        lease_(std::move(lease)),
        clock_(clock),
        cancel_(cancel) {}

  // Looks at all files that grow and sends the next part of each that has one; aborts what nobody will
  // complete. While the store has an outage nothing is asked of it. True: there may be more at once. What
  // fails is tried again later; the first Error is returned when all were looked at. `jitter` in [0, 1).
  Result<bool> round(Catalogue &catalogue, double jitter);

 private:
  Status abort(GrowingUploads &rows, const GrowingFile &file);
  Status send_part(GrowingUploads &rows, const GrowingFile &file, const PartRange &part);
  Result<std::string> begin(GrowingUploads &rows, const GrowingFile &file, const std::string &key);
  Result<std::string> key_of(const GrowingFile &file) const;
  Status settle(GrowingUploads &rows, const GrowingFile &file, const Status &done, double jitter);

  const std::string store_;
  const std::unique_ptr<PartStore> parts_;
  const StorageClasses &classes_;
  const std::string lease_;
  const Clock &clock_;
  GCancellable *cancel_;
};

}  // namespace rec
