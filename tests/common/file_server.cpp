// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/common/file_server.h"

#include "tests/common/temp_dir.h"

namespace rec::test {

FileServer::FileServer(std::filesystem::path directory)
    : directory_(std::move(directory)),
      context_(g_main_context_new()),
      loop_(g_main_loop_new(context_, FALSE)) {
  g_main_context_push_thread_default(context_);  // where the service accepts
  service_ = g_threaded_socket_service_new(4);
  port_ = g_socket_listener_add_any_inet_port(G_SOCKET_LISTENER(service_), nullptr, nullptr);
  g_signal_connect(service_, "run", G_CALLBACK(answer), this);
  g_main_context_pop_thread_default(context_);
  thread_ = g_thread_new(
      "file-server",
      [](gpointer self) -> gpointer {
        static_cast<FileServer *>(self)->run();
        return nullptr;
      },
      this);
}

void FileServer::run() {
  g_main_context_push_thread_default(context_);
  g_main_loop_run(loop_);
  g_main_context_pop_thread_default(context_);
}

FileServer::~FileServer() {
  g_socket_service_stop(service_);
  g_socket_listener_close(G_SOCKET_LISTENER(service_));
  g_main_context_invoke_full(
      context_, G_PRIORITY_LOW,
      [](gpointer loop) -> gboolean {
        g_main_loop_quit(static_cast<GMainLoop *>(loop));
        return G_SOURCE_REMOVE;
      },
      loop_, nullptr);
  g_thread_join(thread_);
  g_object_unref(service_);
  g_main_loop_unref(loop_);
  g_main_context_unref(context_);
}

gboolean FileServer::answer(GThreadedSocketService *, GSocketConnection *connection, GObject *,
                            gpointer self) {
  std::string request;
  char piece[2048];
  auto *in = g_io_stream_get_input_stream(G_IO_STREAM(connection));
  while (request.find("\r\n\r\n") == std::string::npos) {
    const gssize got = g_input_stream_read(in, piece, sizeof piece, nullptr, nullptr);
    if (got <= 0) return TRUE;
    request.append(piece, static_cast<std::size_t>(got));
  }
  const auto begin = request.find('/') + 1;
  const auto file =
      static_cast<FileServer *>(self)->directory_ / request.substr(begin, request.find(' ', begin) - begin);
  const bool is_there = std::filesystem::is_regular_file(file);
  const std::string body = is_there ? read_file(file) : "";
  const std::string answer = std::string(is_there ? "HTTP/1.1 200 OK" : "HTTP/1.1 404 Not Found") +
                             "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
                             "\r\n\r\n" + body;
  g_output_stream_write_all(g_io_stream_get_output_stream(G_IO_STREAM(connection)), answer.data(),
                            answer.size(), nullptr, nullptr, nullptr);
  return TRUE;
}

}  // namespace rec::test
