// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <string>

#include "core/io/http_server.h"
#include "core/service/catalogue.h"
#include "core/service/store_desk.h"

namespace rec {

// Media of one recording. What lies on this machine (in the spool, or in a directory that is a store) is
// sent, by byte ranges; what is in a bucket alone comes from there, if the configuration has that, or else is
// redirected to. Nothing is opened that no row of the catalogue names.

struct WebStores {
  StoreDesk *desk = nullptr;  // null = there are no buckets
  BucketMedia way = BucketMedia::mixed;
  OpenStores *of_thread = nullptr;  // for clips, on the thread that answers; null = of local files alone

  // Whether there are media that viewers get at an address which is good for a while.
  bool gives_addresses() const { return desk && way != BucketMedia::proxy && !desk->origins().empty(); }
};

// The playlist, also while it is recorded: its URIs lead to web_segment().
WebAnswer web_playlist(Catalogue &catalogue, const WebStores &stores, const Recording &recording);
// A segment of it, or of a recording that it was made of.
WebAnswer web_segment(Catalogue &catalogue, const WebStores &stores, const Recording &recording,
                      std::int64_t segment_id, const WebRequest &request);
// A file, also while it grows: what there is of it by now. `?download` has browsers save it.
WebAnswer web_file(Catalogue &catalogue, const WebStores &stores, const Recording &recording,
                   std::int64_t file_id, const WebRequest &request);

}  // namespace rec
