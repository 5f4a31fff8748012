// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace rec {

// What a store says about parts (ListParts), uploads (ListMultipartUploads) or objects (ListObjects): hostile
// XML gives an error.
struct PartAnswer {
  unsigned number = 0;
  std::uint64_t bytes = 0;
  std::string etag;  // without quotes
};
struct PartList {
  std::vector<PartAnswer> parts;
  unsigned next = 0;  // the marker that the rest begins behind; 0: this is all
};
Result<PartList> parse_part_list(const std::string &xml);
struct UploadAnswer {
  std::string key, upload_id;
};
Result<std::vector<UploadAnswer>> parse_upload_list(const std::string &xml);
struct ObjectAnswer {
  std::string key;
  std::uint64_t bytes = 0;
};
struct ObjectList {
  std::vector<ObjectAnswer> objects;  // in the order of their keys' bytes
  bool has_more = false;              // behind the last one
};
Result<ObjectList> parse_object_list(const std::string &xml);
Result<std::string> parse_upload_id(const std::string &xml);  // of InitiateMultipartUpload

Result<std::string> parse_copied_part(const std::string &xml);  // its ETag, without quotes

}  // namespace rec
