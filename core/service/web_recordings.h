// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>

#include "core/io/http_server.h"
#include "core/service/catalogue.h"
#include "core/service/web_media.h"

namespace rec {

// The parts of the API (docs/openapi.json) that concern recordings. `id` is a session id, as the request
// gives it.
WebAnswer web_list(Catalogue &catalogue, const WebStores &stores, const std::string &query);
WebAnswer web_show(Catalogue &catalogue, const WebStores &stores, const std::string &id);
WebAnswer web_timeline(Catalogue &catalogue, const std::string &id);
WebAnswer web_stream_timeline(Catalogue &catalogue, const std::string &query);
WebAnswer web_clip(Catalogue &catalogue, const WebStores &stores, const std::string &body);
WebAnswer web_remove(Catalogue &catalogue, const std::string &id, const std::string &query);
WebAnswer web_hold(Catalogue &catalogue, const std::string &id, const std::string &body);

}  // namespace rec
