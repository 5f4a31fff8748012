// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/model/format.h"
#include "core/model/object_label.h"
#include "core/service/catalogue.h"

namespace rec {

// A file that goes up while it grows, or did.
struct GrowingFile {
  std::int64_t file_id = 0;
  bool is_over = false;    // nobody will complete it: what the store has is to be aborted
  std::string key;         // of its object; "" = not begun
  std::string upload_id;   // "" = not begun, or nobody knows
  unsigned last_part = 0;  // that was sent and remembered; 0 = none
  int attempts = 0;        // that failed in a row
  // Of files that grow:
  std::string path;              // where it grows
  std::string location_pattern;  // as OpenedFile has it
  Format format = Format::flv;
  std::string session_id, template_name, directory;  // of its recording
  LabelFacts about;                                  // of the object that it becomes
  std::string object;                                // what it will be called in stores; "" = not known yet
};

// The rows of uploads that begin before their file is complete. Catalogue::open_file() makes them for files
// that go up early; when the file is closed and its upload is owed, Owed::grown has what is there, and
// Catalogue::done() forgets it. One connection with `catalogue`, which outlives it; the same rules.
class GrowingUploads {
 public:
  explicit GrowingUploads(Catalogue &catalogue) : db_(catalogue.db_), clock_(*catalogue.clock_) {}

  // Those that grow for this store or are over, and are nobody's and due. Those of closed files that will be
  // completed, or may be, are not among them.
  Result<std::vector<GrowingFile>> due(const std::string &store);
  // False: somebody else has it, or it is not due any more.
  Result<bool> take(std::int64_t file_id, const std::string &lease);

  // The rest is for who holds the lease. Before the store is asked to begin; false: another file goes up to
  // this key, or may still.
  Result<bool> claim_key(std::int64_t file_id, const std::string &lease, const std::string &key);
  Status began(std::int64_t file_id, const std::string &lease, const std::string &upload_id);
  // Says nothing of a file that was repaired since.
  Status sent(std::int64_t file_id, const std::string &lease, unsigned part, const std::string &etag);
  Status begin_again(std::int64_t file_id, const std::string &lease);  // the store has forgotten it
  Status release(std::int64_t file_id, const std::string &lease);
  Status retry(std::int64_t file_id, const std::string &lease, UtcTime next_attempt);
  Status forget(std::int64_t file_id, const std::string &lease);  // nothing is left of it

 private:
  SqlDatabase &db_;
  const Clock &clock_;
};

}  // namespace rec
