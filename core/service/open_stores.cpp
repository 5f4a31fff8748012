// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/open_stores.h"

namespace rec {
namespace {

constexpr Seconds kSilence{60};  // of the network, after which a request has failed

}  // namespace

Result<ObjectStore *> OpenStores::get(const std::string &name) {
  const auto found = open_.find(name);
  if (found != open_.end()) return found->second.store.get();
  const auto settings = destinations_.stores.find(name);
  if (settings == destinations_.stores.end())
    return Error{Errc::not_found, "store " + name + " is not in the configuration"};
  const auto credentials = destinations_.credentials.find(name);
  Open open;
  open.http = make_http_(http_settings_of(settings->second, destinations_.proxies, kSilence));
  REC_TRY(open.store, make_object_store(settings->second,
                                        credentials == destinations_.credentials.end() ? StoreCredentials{}
                                                                                       : credentials->second,
                                        *open.http, clock_));
  return open_.emplace(name, std::move(open)).first->second.store.get();
}

}  // namespace rec
