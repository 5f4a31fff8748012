// SPDX-License-Identifier: LGPL-2.1-or-later
#include "ext/rulebin/catalogue_desk.h"

#include <map>
#include <utility>

#include "core/base/sync.h"

namespace rec {

Result<std::shared_ptr<CatalogueDesk>> CatalogueDesk::open(const std::string &path, const Clock &clock) {
  // Not state of anybody's behaviour, but one connection and one thread where there would be thousands:
  // rulebins that never meet must find the same. Shared by them and their branches.
  static Guarded<std::map<std::pair<std::string, const Clock *>, std::weak_ptr<CatalogueDesk>>> desks;
  const auto key = std::pair(path, &clock);
  if (auto known = desks.with([&](auto &all) { return all[key].lock(); })) return known;
  REC_TRY(auto made, make(path, clock));  // without the lock: it waits for the disk
  return desks.with([&](auto &all) {
    std::erase_if(all, [](const auto &desk) { return desk.second.expired(); });
    auto known = all[key].lock();
    if (!known) all[key] = known = made;
    return known;
  });
}

Result<std::shared_ptr<CatalogueDesk>> CatalogueDesk::make(const std::string &path, const Clock &clock) {
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
