// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/service/delivery.h"
#include "core/service/object_store.h"

namespace rec {

// The stores of a configuration, each opened when it is first asked for. For one thread.
class OpenStores {
 public:
  using MakeHttp = rec::MakeHttp;

  // `clock` must outlive it.
  OpenStores(Destinations destinations, MakeHttp make_http, const Clock &clock)
      : destinations_(std::move(destinations)), make_http_(std::move(make_http)), clock_(clock) {}

  // not_found: the configuration has none of this name.
  Result<ObjectStore *> get(const std::string &name);

 private:
  struct Open {
    std::unique_ptr<HttpClient> http;  // before the store that needs it
    std::unique_ptr<ObjectStore> store;
  };
  const Destinations destinations_;
  const MakeHttp make_http_;
  const Clock &clock_;
  std::map<std::string, Open> open_;
};

}  // namespace rec
