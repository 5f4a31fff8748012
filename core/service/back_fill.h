// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include "core/service/catalogue_rows.h"
#include "core/service/object_store.h"
#include "core/service/open_stores.h"

namespace rec {

// Its own store is still to have it, the backup store has it, and here it is not any more.
bool is_to_be_fetched(const Owed &owed);

// What the backup store has of it, to be read piece by piece; `failed` is set when a piece could not be
// read. All must outlive it. Errors: those of ObjectStore::length(); not_found also when the configuration
// does not have the store any more. They name the store.
Result<FetchedBytes> bytes_in_backup(OpenStores &stores, const Owed &owed, bool &failed,
                                     GCancellable *cancel);

}  // namespace rec
