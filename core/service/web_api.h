// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/io/http_server.h"
#include "core/service/catalogue.h"
#include "core/service/web_guard.h"
#include "core/service/web_media.h"
#include "core/service/web_metrics.h"

namespace rec {

// A file of the replay page; nothing: there is none of this name.
using PageFiles = std::function<std::optional<std::string_view>(const std::string &name)>;

// What `gst-recording-1.0 serve` answers: the JSON API (docs/openapi.json), media, metrics and the replay
// page. A request leads to no file but by a row of the catalogue. For one thread, that of the catalogue.
class WebApi {
 public:
  // All must outlive it.
  WebApi(Catalogue &catalogue, const WebAccess &access, const PageFiles &page, const WebStores &stores = {})
      : catalogue_(catalogue), access_(access), page_(page), stores_(stores) {}

  // Of any request there is an answer, with the headers that every answer has; of one with `finish` the
  // finished one has them.
  WebAnswer answer(const WebRequest &request);
  // Whether it may take longer than a look into the catalogue (it makes a file): for a thread of its own.
  static bool takes_long(const WebRequest &request);

 private:
  WebAnswer route(const WebRequest &request);
  WebAnswer api(const std::vector<std::string> &parts, const WebRequest &request);
  WebAnswer session(const WebRequest &request) const;
  WebAnswer page(const std::string &path) const;
  WebAnswer health();
  WebAnswer metrics();

  Catalogue &catalogue_;
  const WebAccess &access_;
  const PageFiles &page_;
  const WebStores stores_;
  WebMetrics metrics_;
};

}  // namespace rec
