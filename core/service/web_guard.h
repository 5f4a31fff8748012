// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/io/http_server.h"

namespace rec {

// Who may ask a server.
struct WebAccess {
  std::string token;               // secret; "" = everybody who reaches it
  std::vector<std::string> names;  // lower case, without port: what it is called in the Host header
  std::uint16_t port = 0;          // that it listens on
};

// What a request must bring, checked before anything else is looked at:
// - a Host that is one of the server's names, or its address: a page of another site that has this address
// for its
//   own name (DNS rebinding) gets nothing;
// - to change something: Content-Type: application/json, and no word of the browser that another site's page
// asks;
// - the token, as "Authorization: Bearer" or as the cookie of session_cookie(); but for the page itself,
// /health,
//   /openapi.json and the login.
// Returns the answer that refuses it; nothing = it may go on.
std::optional<WebAnswer> refusal(const WebRequest &request, const WebAccess &access);

// Whether it is the token; takes as long whatever is wrong with it.
bool is_token(const std::string &text, const WebAccess &access);
// What a browser is to keep instead of the token, as Set-Cookie says it.
std::string session_cookie(const WebAccess &access);
std::string no_session_cookie(const WebAccess &access);  // forgets it

// {"error": {"code": "...", "message": "..."}}
WebAnswer web_error(int status, const std::string &code, const std::string &message);
// The status goes with the code: 400, 403, 404, 409, 500, 503.
WebAnswer web_error(const Error &error);

}  // namespace rec
