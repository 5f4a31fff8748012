// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/disk/joined_file.h"
#include "core/service/open_stores.h"

namespace rec {

// An object of a store that is configured.
struct StoredObject {
  std::string store;  // name in the configuration
  std::string url;
  std::uint64_t size_bytes = 0;
  std::string name = {};  // where `url` is "": NewObject::name
};

// Files in place of objects that have no local copy: on the disk of `folder`, without names there, gone with
// this however the process ends. Never more is fetched than is looked at, in pieces of 1 MiB, and the disk
// keeps 1 GiB free. For one thread. Errors: not_found (no such store, or no such object), unavailable (the
// store; or the disk is too full), denied.
class FetchedMedia {
 public:
  // `stores`: null = there are none. It must outlive this.
  FetchedMedia(OpenStores *stores, std::string folder);
  ~FetchedMedia();
  FetchedMedia(const FetchedMedia &) = delete;
  FetchedMedia &operator=(const FetchedMedia &) = delete;

  // The file at `local`, if it is there, or in a store that is a directory; else one of the same length of
  // which nothing is here before it was brought (FileRange::bring).
  Result<FileRange> file(const std::string &local, const StoredObject &object);
  // The same, but all of it is here: the path.
  Result<std::string> whole(const std::string &local, const StoredObject &object);

 private:
  struct Copy;
  StoredObject located(StoredObject object);
  Result<Copy *> begin(StoredObject object);

  OpenStores *const stores_;
  const std::string folder_;
  std::vector<std::unique_ptr<Copy>> copies_;
};

}  // namespace rec
