// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/grow.h"

#include <algorithm>
#include <optional>

#include "core/io/files.h"
#include "core/model/name_pattern.h"
#include "core/model/object_key.h"
#include "core/model/retry_schedule.h"
#include "core/service/store_ledger.h"

namespace rec {
namespace {

// Which part is to be sent next, if it is there.
std::optional<PartRange> next_part(const GrowingFile &file) {
  const auto facts = file_facts(file.path);
  if (!facts) return std::nullopt;  // it has just been closed
  const auto parts = settled_parts_of(facts->size_bytes);
  const auto next = std::find_if(parts.begin(), parts.end(),
                                 [&](const PartRange &part) { return part.number > file.last_part; });
  return next == parts.end() ? std::nullopt : std::optional(*next);
}

}  // namespace

Result<bool> Grower::round(Catalogue &catalogue, double jitter) {
  REC_TRY(const StoreHealth health, StoreLedger(catalogue).health(store_));
  if (health.down) return false;  // an upload probes it, one at a time
  GrowingUploads rows(catalogue);
  REC_TRY(const auto due, rows.due(store_));
  bool may_be_more = false;
  std::optional<Error> trouble;
  for (const GrowingFile &file : due) {
    if (cancel_ && g_cancellable_is_cancelled(cancel_)) break;
    const auto part = file.is_over ? std::nullopt : next_part(file);
    if (!file.is_over && !part) continue;
    REC_TRY(const bool is_ours, rows.take(file.file_id, lease_));
    if (!is_ours) continue;
    const Status done = file.is_over ? abort(rows, file) : send_part(rows, file, *part);
    REC_CHECK(settle(rows, file, done, jitter));
    may_be_more = may_be_more || done;
    const bool is_trouble =
        !done && done.error().code != Errc::cancelled && done.error().code != Errc::exists;
    if (is_trouble && !trouble) trouble = done.error();
  }
  if (trouble) return *trouble;
  return may_be_more;
}

Status Grower::abort(GrowingUploads &rows, const GrowingFile &file) {
  REC_CHECK(parts_->abort(file.key, file.upload_id, cancel_));
  return rows.forget(file.file_id, lease_);
}

// A name that tells when the file ends is not known yet.
Result<std::string> Grower::key_of(const GrowingFile &file) const {
  if (!file.key.empty()) return file.key;
  if (file.location_pattern.find('{') != std::string::npos) return parts_->key_of(file, "");
  if (!file.object.empty()) return parts_->key_of(file, file.object);
  REC_TRY(const std::string path, end_name(file.location_pattern, UtcTime{}, Seconds(0)));
  REC_TRY(const std::string name, object_name(file.directory, path));
  return parts_->key_of(file, name);
}

Result<std::string> Grower::begin(GrowingUploads &rows, const GrowingFile &file, const std::string &key) {
  const auto of_format = classes_.find({file.template_name, file.format});
  const std::string storage_class = of_format == classes_.end() ? "" : of_format->second;
  REC_TRY(std::string id, parts_->begin(file, key, storage_class, cancel_));
  REC_CHECK(rows.began(file.file_id, lease_, id));
  return id;
}

Status Grower::send_part(GrowingUploads &rows, const GrowingFile &file, const PartRange &part) {
  REC_TRY(const std::string key, key_of(file));
  std::string upload_id = file.upload_id;
  if (upload_id.empty()) {
    REC_TRY(const bool is_ours, rows.claim_key(file.file_id, lease_, key));
    if (!is_ours)
      return Error{Errc::exists,
                   "'" + file.path + "' goes up when it is complete: another file goes up to " + key};
    REC_TRY(upload_id, begin(rows, file, key));
  }
  const auto etag = parts_->send(key, upload_id, file.path, part, cancel_);
  if (etag) return rows.sent(file.file_id, lease_, part.number, *etag);
  if (!file_facts(file.path)) return ok();  // it has just been closed
  if (etag.error().code == Errc::not_found) REC_CHECK(rows.begin_again(file.file_id, lease_));
  return etag.error();
}

Status Grower::settle(GrowingUploads &rows, const GrowingFile &file, const Status &done, double jitter) {
  if (done || done.error().code == Errc::cancelled) return rows.release(file.file_id, lease_);
  const Nanoseconds delay = upload_retry_delay(file.attempts + 1, jitter);
  const UtcTime next = clock_.now_utc() + std::chrono::duration_cast<std::chrono::microseconds>(delay);
  return rows.retry(file.file_id, lease_, next);
}

}  // namespace rec
