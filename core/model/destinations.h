// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>

namespace rec {

// Where finished files go: one member of "storage" in the configuration.
struct StoreSettings {
  std::string name;         // as templates call it, "archive"
  std::string uri;          // "s3://bucket/prefix" or "file:///directory"; without a trailing '/'
  std::string endpoint;     // S3 only: "https://s3.example.org", path style; without a trailing '/'
  std::string region;       // S3 only, goes into the signature: "us-east-1"
  std::string credentials;  // S3 only: "env" = AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY [, AWS_SESSION_TOKEN]
};

// Who is told about finished files: one member of "callbacks" in the configuration.
struct CallbackTarget {
  std::string name;     // as templates call it, "ops"
  std::string url;      // http or https
  std::string schema;   // "tencent": event_type 100 (spec 5.2)
  std::string key_env;  // name of the environment variable that holds the signing key; "" = unsigned
};

}  // namespace rec
