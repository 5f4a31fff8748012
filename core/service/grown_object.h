// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include "core/base/result.h"
#include "core/service/catalogue_rows.h"
#include "core/service/multipart_upload.h"

namespace rec {

// Completes the object of a file that went up while it grew: sends what is missing, and where the object lay
// under a key of its own, because its name was not known, has the store copy it. `job`: as for
// upload_in_parts() of the whole file. False: that cannot be gone on with (any more); what was there is
// aborted, and the file is to go up as any other. Errors: as upload_in_parts(); try again.
Result<bool> complete_grown(BucketClient &bucket, const GrownUpload &grown, const MultipartJob &job,
                            GCancellable *cancel);

// Leaves nothing of it in the store.
Status abort_grown(BucketClient &bucket, const std::string &key, const std::string &upload_id,
                   GCancellable *cancel);

}  // namespace rec
