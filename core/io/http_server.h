// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace rec {

// A request as it came: nothing in it can be trusted, but that it is bounded.
struct WebRequest {
  std::string method;                          // "GET"
  std::string path;                            // percent-encoded, from '/'
  std::string query;                           // percent-encoded, without '?'
  std::map<std::string, std::string> headers;  // lower-case names
  std::string body;                            // at most kLargestWebBody bytes

  std::string header(const std::string &name) const;  // "" = it has none
};
inline constexpr std::int64_t kLargestWebBody = 64 << 10;

struct WebAnswer {
  // So many bytes of a file, sent as the peer takes them, a chunk in memory at a time. Fewer, if the file is
  // shorter, break the connection off.
  struct FilePart {
    std::string path;
    std::uint64_t first = 0;
    std::uint64_t length = 0;
  };
  // So many bytes from elsewhere, piece by piece: the next is asked for when the peer has taken the one
  // before it. An error, or too few bytes, break the connection off.
  struct Pieces {
    using Take = std::function<void(Result<std::string> piece)>;
    std::uint64_t first = 0;
    std::uint64_t length = 0;
    std::string begun = {};  // what is here of them already
    // Gives some bytes from `at` on, at most `bytes`, once, from any thread. Must not block.
    std::function<void(std::uint64_t at, std::uint64_t bytes, Take take)> read = {};
  };
  int status = 200;
  std::string content_type = {};  // "" = there is no body
  std::string body = {};
  std::optional<FilePart> file = {};  // instead of `body`
  std::optional<Pieces> pieces = {};  // the same
  std::vector<std::pair<std::string, std::string>> headers = {};
  // When set, this is not the answer yet: what it lacks comes from elsewhere. Called with it, gives the whole
  // one, once, from any thread.
  std::function<void(WebAnswer, std::function<void(WebAnswer)>)> finish = {};
};

// HTTP/1.1 on one address, on libsoup 3. Everything happens on the thread that calls run(), but for stop().
class HttpServer {
 public:
  // Gives the answer, once, from any thread.
  using Reply = std::function<void(WebAnswer)>;
  // Must not block: what takes time is done elsewhere, and replied from there.
  using Handler = std::function<void(WebRequest, Reply)>;

  // `address`: of an interface, "127.0.0.1" or "::1". `port` 0: any that is free. Errors: invalid_argument
  // (the address), unavailable (somebody has the port).
  static Result<std::unique_ptr<HttpServer>> listen(const std::string &address, std::uint16_t port,
                                                    Handler handler);
  virtual ~HttpServer() = default;
  virtual std::uint16_t port() const = 0;
  virtual void run() = 0;   // until stop(), SIGTERM or SIGINT
  virtual void stop() = 0;  // from any thread
};

// "video/mp4" for a name that ends with ".mp4"; what nobody knows is application/octet-stream.
std::string content_type_of_file(const std::string &path);

}  // namespace rec
