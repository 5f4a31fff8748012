// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/io/http_server.h"

#include <glib-unix.h>
#include <libsoup/soup.h>

#include <algorithm>
#include <csignal>

#include "core/base/glib_ptr.h"
#include "core/io/files.h"

REC_COUNTED(SoupServer, g_object_ref, g_object_unref);
REC_COUNTED(SoupServerMessage, g_object_ref, g_object_unref);
REC_COUNTED(GMainLoop, g_main_loop_ref, g_main_loop_unref);
REC_COUNTED(GMainContext, g_main_context_ref, g_main_context_unref);
REC_COUNTED(GSocketAddress, g_object_ref, g_object_unref);

namespace rec {
namespace {

constexpr std::size_t kChunk = 256 << 10;
constexpr int kMostRequests = 256;  // that are being answered
constexpr const char *kFileOfMessage = "rec-file";
constexpr const char *kCountOfMessage = "rec-count";
constexpr const char *kPiecesOfMessage = "rec-pieces";

// Calls it on the thread of the server.
void call_in(const Ref<GMainContext> &context, std::function<void()> job) {
  GSource *source = g_idle_source_new();
  g_source_set_priority(source, G_PRIORITY_DEFAULT);
  g_source_set_callback(
      source,
      [](gpointer data) -> gboolean {
        (*static_cast<std::function<void()> *>(data))();
        return G_SOURCE_REMOVE;
      },
      new std::function<void()>(std::move(job)),
      [](gpointer data) { delete static_cast<std::function<void()> *>(data); });
  g_source_attach(source, context.get());
  g_source_unref(source);
}

// Its length has been told, and cannot be kept. The byte that cannot be sent then ends the message.
void break_off(SoupServerMessage *message) {
  if (GSocket *socket = soup_server_message_get_socket(message))
    g_socket_shutdown(socket, TRUE, TRUE, nullptr);
  soup_message_body_append(soup_server_message_get_response_body(message), SOUP_MEMORY_STATIC, "", 1);
  soup_server_message_unpause(message);
}

// What is left to be sent of a file.
struct FileToSend {
  RandomAccessFile file;
  std::uint64_t at;
  std::uint64_t left;
};

// Puts the next chunk into the body. A file that cannot be read any more ends the connection.
void send_more(SoupServerMessage *message, FileToSend &what) {
  const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(what.left, kChunk));
  if (size == 0) return;
  auto *bytes = static_cast<std::uint8_t *>(g_malloc(size));
  if (!what.file.read(what.at, {bytes, size})) {
    what.left = 0;
    g_free(bytes);
    break_off(message);
    return;
  }
  what.at += size;
  what.left -= size;
  soup_message_body_append_take(soup_server_message_get_response_body(message), bytes, size);
  soup_server_message_unpause(message);
}

void on_wrote_chunk(SoupServerMessage *message, gpointer) {
  if (auto *what = static_cast<FileToSend *>(g_object_get_data(G_OBJECT(message), kFileOfMessage)))
    send_more(message, *what);
}

bool begin_file(SoupServerMessage *message, const WebAnswer::FilePart &part) {
  auto file = RandomAccessFile::open(part.path);
  if (!file) return false;
  auto *what = new FileToSend{*std::move(file), part.first, part.length};
  g_object_set_data_full(G_OBJECT(message), kFileOfMessage, what,
                         [](gpointer p) { delete static_cast<FileToSend *>(p); });
  soup_message_body_set_accumulate(soup_server_message_get_response_body(message), FALSE);
  SoupMessageHeaders *headers = soup_server_message_get_response_headers(message);
  soup_message_headers_set_content_length(headers, static_cast<goffset>(part.length));
  g_signal_connect(message, "wrote-chunk", G_CALLBACK(on_wrote_chunk), nullptr);
  if (soup_server_message_get_method(message) != SOUP_METHOD_HEAD) send_more(message, *what);
  return true;
}

// ---- Pieces

struct PiecesToSend {
  WebAnswer::Pieces pieces;
  std::uint64_t sent = 0;  // of pieces.length
  Ref<GMainContext> context;
};

bool is_there_still(SoupServerMessage *message) {
  return g_object_get_data(G_OBJECT(message), kCountOfMessage) != nullptr;
}

void put_piece(SoupServerMessage *message, PiecesToSend &what, const std::string &piece) {
  what.sent += piece.size();
  soup_message_body_append(soup_server_message_get_response_body(message), SOUP_MEMORY_COPY, piece.data(),
                           piece.size());
  soup_server_message_unpause(message);
}

void take_piece(SoupServerMessage *message, const Result<std::string> &piece) {
  auto *what = static_cast<PiecesToSend *>(g_object_get_data(G_OBJECT(message), kPiecesOfMessage));
  if (!what || !is_there_still(message)) return;
  const std::uint64_t left = what->pieces.length - what->sent;
  if (piece && !piece->empty() && piece->size() <= left) return put_piece(message, *what, *piece);
  what->sent = what->pieces.length;
  break_off(message);
}

void on_wrote_piece(SoupServerMessage *message, gpointer) {
  auto *what = static_cast<PiecesToSend *>(g_object_get_data(G_OBJECT(message), kPiecesOfMessage));
  if (!what || what->sent >= what->pieces.length) return;
  what->pieces.read(
      what->pieces.first + what->sent, what->pieces.length - what->sent,
      [context = what->context, kept = Ref<SoupServerMessage>::retain(message)](Result<std::string> piece) {
        call_in(context, [kept, piece = std::move(piece)] { take_piece(kept.get(), piece); });
      });
}

void begin_pieces(SoupServerMessage *message, const WebAnswer::Pieces &pieces,
                  const Ref<GMainContext> &context) {
  SoupMessageHeaders *headers = soup_server_message_get_response_headers(message);
  soup_message_headers_set_content_length(headers, static_cast<goffset>(pieces.length));
  if (soup_server_message_get_method(message) == SOUP_METHOD_HEAD || pieces.length == 0) return;
  auto *what = new PiecesToSend{.pieces = pieces, .context = context};
  g_object_set_data_full(G_OBJECT(message), kPiecesOfMessage, what,
                         [](gpointer p) { delete static_cast<PiecesToSend *>(p); });
  soup_message_body_set_accumulate(soup_server_message_get_response_body(message), FALSE);
  g_signal_connect(message, "wrote-chunk", G_CALLBACK(on_wrote_piece), nullptr);
  if (what->pieces.begun.empty()) return on_wrote_piece(message, nullptr);
  const std::string begun = std::move(what->pieces.begun);
  put_piece(message, *what, begun);
}

void put_text(SoupServerMessage *message, const WebAnswer &answer) {
  if (answer.content_type.empty()) return;
  soup_server_message_set_response(message, answer.content_type.c_str(), SOUP_MEMORY_COPY, answer.body.data(),
                                   answer.body.size());
}

void answer_with(SoupServerMessage *message, const WebAnswer &answer, const Ref<GMainContext> &context) {
  SoupMessageHeaders *headers = soup_server_message_get_response_headers(message);
  // libsoup would cut the answer itself, of what is in memory of it.
  soup_message_headers_remove(soup_server_message_get_request_headers(message), "Range");
  soup_server_message_set_status(message, static_cast<guint>(answer.status), nullptr);
  for (const auto &[name, value] : answer.headers)
    soup_message_headers_append(headers, name.c_str(), value.c_str());
  if (!answer.file && !answer.pieces) return put_text(message, answer);
  soup_message_headers_set_content_type(headers, answer.content_type.c_str(), nullptr);
  if (answer.pieces) return begin_pieces(message, *answer.pieces, context);
  soup_message_headers_set_content_length(headers, 0);
  if (answer.file->length > 0 && !begin_file(message, *answer.file)) {
    soup_message_headers_clear(headers);
    soup_server_message_set_status(message, SOUP_STATUS_NOT_FOUND, nullptr);
  }
}

WebRequest request_of(SoupServerMessage *message) {
  WebRequest request;
  request.method = soup_server_message_get_method(message);
  GUri *uri = soup_server_message_get_uri(message);
  request.path = g_uri_get_path(uri);
  if (const char *query = g_uri_get_query(uri)) request.query = query;
  soup_message_headers_foreach(
      soup_server_message_get_request_headers(message),
      [](const char *name, const char *value, gpointer out) {
        const CString lower(g_ascii_strdown(name, -1));
        std::string &all = (*static_cast<std::map<std::string, std::string> *>(out))[lower.get()];
        all += (all.empty() ? "" : ", ") + std::string(value);
      },
      &request.headers);
  const SoupMessageBody *body = soup_server_message_get_request_body(message);
  if (body->data && body->length > 0) request.body.assign(body->data, static_cast<std::size_t>(body->length));
  return request;
}

class SoupHttpServer final : public HttpServer {
 public:
  explicit SoupHttpServer(Handler handler)
      : handler_(std::move(handler)),
        context_(Ref<GMainContext>::adopt(g_main_context_new())),
        loop_(Ref<GMainLoop>::adopt(g_main_loop_new(context_.get(), FALSE))) {
    g_main_context_push_thread_default(context_.get());
    server_ = Ref<SoupServer>::adopt(soup_server_new("raw-paths", TRUE, nullptr));
    g_main_context_pop_thread_default(context_.get());
    soup_server_add_early_handler(server_.get(), nullptr, &on_headers, this, nullptr);
    soup_server_add_handler(server_.get(), nullptr, &on_request, this, nullptr);
  }
  ~SoupHttpServer() override { soup_server_disconnect(server_.get()); }

  Status listen_on(const std::string &address, std::uint16_t port) {
    const auto where =
        Ref<GSocketAddress>::adopt(g_inet_socket_address_new_from_string(address.c_str(), port));
    if (!where) return Error{Errc::invalid_argument, "not an address of an interface: '" + address + "'"};
    ErrorOut e;
    g_main_context_push_thread_default(context_.get());
    const bool listens = soup_server_listen(server_.get(), where.get(), {}, e.out());
    g_main_context_pop_thread_default(context_.get());
    if (!listens)
      return Error{Errc::unavailable, address + " port " + std::to_string(port) + ": " + e->message};
    GSList *uris = soup_server_get_uris(server_.get());
    if (uris) port_ = static_cast<std::uint16_t>(g_uri_get_port(static_cast<GUri *>(uris->data)));
    g_slist_free_full(uris, [](gpointer p) { g_uri_unref(static_cast<GUri *>(p)); });
    return ok();
  }

  std::uint16_t port() const override { return port_; }
  void run() override {
    g_main_context_push_thread_default(context_.get());
    for (const int number : {SIGTERM, SIGINT}) {
      GSource *source = g_unix_signal_source_new(number);
      g_source_set_callback(
          source,
          [](gpointer self) -> gboolean {
            static_cast<SoupHttpServer *>(self)->stop();
            return G_SOURCE_CONTINUE;
          },
          this, nullptr);
      g_source_attach(source, context_.get());
      g_source_unref(source);
    }
    g_main_loop_run(loop_.get());
    g_main_context_pop_thread_default(context_.get());
  }
  void stop() override { g_main_loop_quit(loop_.get()); }

 private:
  // Before the body is read.
  static void on_headers(SoupServer *, SoupServerMessage *message, const char *, GHashTable *, gpointer) {
    SoupMessageHeaders *headers = soup_server_message_get_request_headers(message);
    const SoupEncoding encoding = soup_message_headers_get_encoding(headers);
    guint status = 0;
    if (encoding == SOUP_ENCODING_CHUNKED || encoding == SOUP_ENCODING_EOF)
      status = SOUP_STATUS_LENGTH_REQUIRED;
    else if (soup_message_headers_get_content_length(headers) > kLargestWebBody)
      status = SOUP_STATUS_REQUEST_ENTITY_TOO_LARGE;
    if (status == 0) return;
    soup_message_body_set_accumulate(soup_server_message_get_request_body(message), FALSE);
    soup_message_headers_append(soup_server_message_get_response_headers(message), "Connection", "close");
    soup_server_message_set_status(message, status, nullptr);
  }

  static void on_request(SoupServer *, SoupServerMessage *message, const char *, GHashTable *,
                         gpointer data) {
    auto *self = static_cast<SoupHttpServer *>(data);
    if (self->requests_ >= kMostRequests) {
      soup_server_message_set_status(message, SOUP_STATUS_SERVICE_UNAVAILABLE, nullptr);
      return;
    }
    ++self->requests_;
    g_object_set_data(G_OBJECT(message), kCountOfMessage, self);
    g_signal_connect(message, "finished", G_CALLBACK(&on_finished), nullptr);
    soup_server_message_pause(message);
    self->handler_(request_of(message),
                   [context = self->context_, kept = Ref<SoupServerMessage>::retain(message)](
                       WebAnswer answer) { answer_from(context, kept, std::move(answer)); });
  }

  static void on_finished(SoupServerMessage *message, gpointer) {
    auto *self = static_cast<SoupHttpServer *>(g_object_get_data(G_OBJECT(message), kCountOfMessage));
    if (!self) return;
    --self->requests_;
    g_object_set_data(G_OBJECT(message), kCountOfMessage, nullptr);  // it is gone
  }

  // A message is touched on the thread of its server alone.
  static void answer_from(const Ref<GMainContext> &context, const Ref<SoupServerMessage> &message,
                          WebAnswer answer) {
    call_in(context, [context, message, answer = std::move(answer)] {
      if (!is_there_still(message.get())) return;
      answer_with(message.get(), answer, context);
      soup_server_message_unpause(message.get());
    });
  }

  const Handler handler_;
  const Ref<GMainContext> context_;
  const Ref<GMainLoop> loop_;
  Ref<SoupServer> server_;
  std::uint16_t port_ = 0;
  int requests_ = 0;
};

}  // namespace

std::string WebRequest::header(const std::string &name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

Result<std::unique_ptr<HttpServer>> HttpServer::listen(const std::string &address, std::uint16_t port,
                                                       Handler handler) {
  auto server = std::make_unique<SoupHttpServer>(std::move(handler));
  REC_CHECK(server->listen_on(address, port));
  return std::unique_ptr<HttpServer>(std::move(server));
}

std::string content_type_of_file(const std::string &path) {
  constexpr std::pair<const char *, const char *> kTypes[] = {
      {".m3u8", "application/vnd.apple.mpegurl"},
      {".ts", "video/mp2t"},
      {".m4s", "video/mp4"},
      {".mp4", "video/mp4"},
      {".m4v", "video/mp4"},
      {".flv", "video/x-flv"},
      {".aac", "audio/aac"},
      {".mp3", "audio/mpeg"},
      {".mkv", "video/x-matroska"},
      {".jpg", "image/jpeg"},
      {".png", "image/png"},
      {".webp", "image/webp"},
      {".json", "application/json"},
  };
  for (const auto &[ending, type] : kTypes)
    if (path.ends_with(ending)) return type;
  return "application/octet-stream";
}

}  // namespace rec
