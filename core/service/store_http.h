// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <string>

#include "core/io/http.h"
#include "core/model/destinations.h"

namespace rec {

// What the environment says about proxies; a proxy's address may hold a password.
struct ProxyVariables {
  std::string http;        // for http addresses; "" = none
  std::string https;       // for https addresses; "" = none
  std::string exceptions;  // hosts and domains, with commas between
};

// From http_proxy, https_proxy, all_proxy and no_proxy, as other programs read them. `variable` gives "" for
// one that is not set.
ProxyVariables proxy_variables(const std::function<std::string(const char *name)> &variable);

// How the store is reached: through the proxy that its settings name, else through the environment's. The
// address where instances get their credentials is always asked directly; so is loopback, unless the settings
// name a proxy.
HttpSettings http_settings_of(const StoreSettings &store, const ProxyVariables &variables, Seconds timeout);

}  // namespace rec
