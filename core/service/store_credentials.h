// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/io/http.h"
#include "core/model/destinations.h"
#include "core/service/store_signature.h"

namespace rec {

// Those of a store whose place is `env`, from the variables that its service's own tools read. `variable`
// gives "" for one that is not set.
StoreCredentials environment_credentials(const StoreSettings &settings,
                                         const std::function<std::string(const char *name)> &variable);

// What a file or an instance's endpoint says: JSON as AWS, Tencent and Alibaba give it to their instances, or
// a file like ~/.aws/credentials (its group "default"). Errors hold nothing of the text.
struct LoadedCredentials {
  StoreCredentials credentials;
  std::optional<UtcTime> expires;
};
Result<LoadedCredentials> parse_credentials(std::string_view text);

// Keeps a store's credentials up to date. For one thread.
class CredentialSource {
 public:
  // `fixed`: of the environment; unused for other places.
  CredentialSource(CredentialPlace place, StoreCredentials fixed) : place_(std::move(place)) {
    loaded_.credentials = std::move(fixed);
  }
  // Errors: denied (there are none), what reading the file or asking the endpoint gives. A file is read each
  // time, an endpoint is asked again five minutes before what it gave expires.
  Result<StoreCredentials> get(HttpClient &http, UtcTime now, GCancellable *cancel);
  // The store has refused them: an endpoint is asked again, whatever it said of their expiry.
  void forget();

 private:
  Result<LoadedCredentials> ask(HttpClient &http, GCancellable *cancel) const;

  const CredentialPlace place_;
  LoadedCredentials loaded_;
};

}  // namespace rec
