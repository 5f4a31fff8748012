// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/upload_backlog.h"

#include "core/service/catalogue_sql.h"

namespace rec {

// The size of a playlist is that of its segments, which are owed themselves.
Result<UploadBacklog> upload_backlog(Catalogue &catalogue) {
  REC_TRY(auto query, catalogue.connection().prepare(
                          "SELECT coalesce(sum(CASE WHEN f.format = 'hls' THEN 0 ELSE coalesce(f.size_bytes, "
                          "s.size_bytes, 0) END), 0), min(o.created_us) FROM outbox o "
                          "LEFT JOIN file f ON f.id = o.file_id LEFT JOIN segment s ON s.id = o.segment_id "
                          "WHERE o.done_us IS NULL AND o.kind = 'upload'"));
  REC_CHECK(query.step());
  UploadBacklog backlog;
  backlog.bytes = static_cast<std::uint64_t>(query.int64(0));
  backlog.oldest = utc(query.maybe_int64(1));
  return backlog;
}

}  // namespace rec
