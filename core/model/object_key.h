// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace rec {

// The key under which a store keeps the file at `path`: its path below `directory` (both absolute, as the
// catalogue holds them). Fails when it is not below it, has an empty, "." or ".." part, a control byte, or
// more than 1024 bytes with its prefix (the limit of S3).
Result<std::string> object_key(std::string_view prefix, std::string_view directory, std::string_view path);

// The parts of that: what the file is called in every store, its path below `directory`; and the key of what
// is called so in a store with this prefix.
Result<std::string> object_name(std::string_view directory, std::string_view path);
Result<std::string> key_of_name(std::string_view prefix, std::string_view name);
// Names for what cannot have `name`, because that is another's: "a/b.ts" -> "a/<tag>/b.ts", "a/b-<tag>.ts".
std::string name_in_folder(std::string_view name, std::string_view tag);
std::string name_beside(std::string_view name, std::string_view tag);

// What all keys of a bucket begin with: "s3://bucket/a/b" -> "a/b". "" for a directory ("file:").
std::string key_prefix_of(std::string_view store_uri);

// Where an object lies for as long as its name is not known, because it tells when the file ends:
// "<prefix>/.growing/<id>.<extension>". No object_key() is like that: a recording's folder has no such name.
std::string growing_key(std::string_view prefix, std::string_view id, std::string_view extension);
bool is_growing_key(std::string_view key);

// What the file is, for the Content-Type of its object, from its extension; application/octet-stream when
// unknown.
std::string_view content_type_of(std::string_view path);

// RFC 3986: all but letters, digits and "-._~" becomes %XX; '/' stays if `keep_slash`.
std::string percent_encode(std::string_view bytes, bool keep_slash);

}  // namespace rec
