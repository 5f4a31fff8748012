// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/back_fill.h"

#include <algorithm>

#include "core/io/files.h"

namespace rec {
namespace {

Error of_store(const std::string &name, const Error &error) {
  return {error.code, "the local copy is gone, and the backup store " + name +
                          " does not give its own: " + error.message};
}

}  // namespace

bool is_to_be_fetched(const Owed &owed) {
  if (owed.backup_url.empty()) return false;
  const auto here = file_facts(owed.path);
  return !here && here.error().code == Errc::not_found;
}

Result<FetchedBytes> bytes_in_backup(OpenStores &stores, const Owed &owed, bool &failed,
                                     GCancellable *cancel) {
  const std::string &name = owed.recording.backup_store;
  const auto store = stores.get(name);
  if (!store) return of_store(name, store.error());
  const auto bytes = (*store)->length(owed.backup_url, cancel);
  if (!bytes) return of_store(name, bytes.error());
  FetchedBytes fetched;
  fetched.bytes = *bytes;
  fetched.sha256 = owed.sha256;
  fetched.read = [backup = *store, name, url = owed.backup_url, &failed, cancel](
                     std::uint64_t offset, std::uint64_t length) -> Result<std::string> {
    std::string bytes_read;
    while (bytes_read.size() < length) {
      const std::uint64_t at = offset + bytes_read.size();
      const auto piece =
          backup->read(url, at, std::min<std::uint64_t>(kLargestAnswer, length - bytes_read.size()), cancel);
      failed = failed || !piece;
      if (!piece)
        return piece.error().code == Errc::cancelled ? piece.error() : of_store(name, piece.error());
      bytes_read += *piece;
    }
    return bytes_read;
  };
  return fetched;
}

}  // namespace rec
