// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/io/iso_time.h"
#include "core/service/catalogue.h"
#include "core/service/delivery.h"

namespace rec::tool {

// What was given to a command, by name with its dashes.
struct Options {
  std::map<std::string, std::string> values;
  std::set<std::string> flags;
  std::vector<std::string> words;  // that are no options, in their order

  std::string value(const std::string &name, const std::string &otherwise = "") const;
  bool has(const std::string &name) const { return values.contains(name); }
  bool json() const { return flags.contains("--json"); }
  std::string catalogue() const { return value("--catalogue", "recordings/catalogue.db"); }
  int limit() const;  // of `list`; 100 unless --limit says otherwise
};

using Names = std::vector<std::string_view>;

// "--name VALUE", "--name=VALUE" and flags, in any order with at most `most_words` words; what is wrong
// otherwise. A value that stands alone may begin with dashes. --limit, if it is one of `valued`, is a number
// from 1 on.
Result<Options> read_options(const std::vector<std::string> &arguments, const Names &valued,
                             const Names &flags, std::size_t most_words);

// The stream of --domain, --app and --stream, all of which are needed.
Result<PushIdentity> read_stream(const Options &options);

// --catalogue, which is not made here: a mistyped path is a mistake.
Result<Catalogue> open_existing(const Options &options, const Clock &clock);

// The stores and callbacks of --config with their secrets; none without it.
Result<Destinations> read_destinations(const Options &options);

// Says what failed on standard error; what the tool ends with then.
int failed(const char *command, const Error &error);

}  // namespace rec::tool
