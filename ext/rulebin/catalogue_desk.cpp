// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ext/rulebin/catalogue_desk.h"

#include <utility>

namespace rec {

Result<std::shared_ptr<CatalogueDesk>> CatalogueDesk::open(const std::string &path, const Clock &clock) {
  REC_TRY(auto lease, process_owner(path));
  const std::shared_ptr<CatalogueDesk> desk(new CatalogueDesk(path, std::move(lease)));
  Status opened = ok();
  const bool ran = desk->call([&] {
    opened = [&]() -> Status {
      REC_TRY(desk->catalogue_, Catalogue::open(path, clock));
      return ok();
    }();
  });
  if (!ran) return Error{Errc::unavailable, "the catalogue's thread does not run"};
  if (!opened) return Error{opened.error().code, "catalogue: " + opened.error().message};
  return desk;
}

CatalogueDesk::~CatalogueDesk() {
  (void)worker_.call([this] { catalogue_.reset(); });  // where it lives
  worker_.stop();
}

}  // namespace rec
