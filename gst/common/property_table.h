// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gst/gst.h>

#include <functional>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <vector>

namespace rec {

// One GObject property bound to one member of a Settings struct.
// The default shown by gst-inspect is the member's own initialiser.
template <typename S>
struct Property {
  const char *name;
  std::function<GParamSpec *(const S &defaults)> spec;
  std::function<void(S &, const GValue *)> set;
  std::function<void(const S &, GValue *)> get;
};

inline constexpr auto kMutableReady =
    static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY);
inline constexpr auto kMutablePlaying =
    static_cast<GParamFlags>(G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING);

template <typename S>
Property<S> property(const char *name, const char *blurb, std::string S::*m,
                     GParamFlags flags = kMutableReady) {
  return {name, [=](const S &d) { return g_param_spec_string(name, name, blurb, (d.*m).c_str(), flags); },
          [=](S &s, const GValue *v) {
            const char *t = g_value_get_string(v);
            s.*m = t ? t : "";
          },
          [=](const S &s, GValue *v) { g_value_set_string(v, (s.*m).c_str()); }};
}

template <typename S>
Property<S> property(const char *name, const char *blurb, bool S::*m, GParamFlags flags = kMutableReady) {
  return {name, [=](const S &d) { return g_param_spec_boolean(name, name, blurb, d.*m, flags); },
          [=](S &s, const GValue *v) { s.*m = g_value_get_boolean(v); },
          [=](const S &s, GValue *v) { g_value_set_boolean(v, s.*m); }};
}

template <typename S>
Property<S> property(const char *name, const char *blurb, guint64 S::*m, guint64 min, guint64 max,
                     GParamFlags flags = kMutableReady) {
  return {name, [=](const S &d) { return g_param_spec_uint64(name, name, blurb, min, max, d.*m, flags); },
          [=](S &s, const GValue *v) { s.*m = g_value_get_uint64(v); },
          [=](const S &s, GValue *v) { g_value_set_uint64(v, s.*m); }};
}

template <typename S>
Property<S> property(const char *name, const char *blurb, guint S::*m, guint min, guint max,
                     GParamFlags flags = kMutableReady) {
  return {name, [=](const S &d) { return g_param_spec_uint(name, name, blurb, min, max, d.*m, flags); },
          [=](S &s, const GValue *v) { s.*m = g_value_get_uint(v); },
          [=](const S &s, GValue *v) { g_value_set_uint(v, s.*m); }};
}

template <typename S>
Property<S> property(const char *name, const char *blurb, gint64 S::*m, gint64 min, gint64 max,
                     GParamFlags flags = kMutableReady) {
  return {name, [=](const S &d) { return g_param_spec_int64(name, name, blurb, min, max, d.*m, flags); },
          [=](S &s, const GValue *v) { s.*m = g_value_get_int64(v); },
          [=](const S &s, GValue *v) { g_value_set_int64(v, s.*m); }};
}

// `type`: the registered GEnum whose values are E's.
template <typename S, typename E>
requires std::is_enum_v<E> Property<S> property(const char *name, const char *blurb, E S::*m, GType (*type)(),
                                                GParamFlags flags = kMutableReady) {
  return {
      name,
      [=](const S &d) { return g_param_spec_enum(name, name, blurb, type(), static_cast<int>(d.*m), flags); },
      [=](S &s, const GValue *v) { s.*m = static_cast<E>(g_value_get_enum(v)); },
      [=](const S &s, GValue *v) { g_value_set_enum(v, static_cast<int>(s.*m)); }};
}

template <typename S>
class PropertyTable {
 public:
  PropertyTable(std::initializer_list<Property<S>> rows) : rows_(rows) {}

  // Installs ids 1...size(); an element's own further properties start at next_id().
  void install(GObjectClass *klass) const {
    const S defaults{};
    for (guint id = 1; id < next_id(); ++id)
      g_object_class_install_property(klass, id, rows_[id - 1].spec(defaults));
  }
  guint next_id() const { return static_cast<guint>(rows_.size()) + 1; }

  // False when `id` is not in the table (a subclass or parent owns it).
  bool set(S &s, guint id, const GValue *v) const {
    return row(id, [&](const Property<S> &r) { r.set(s, v); });
  }
  bool get(const S &s, guint id, GValue *v) const {
    return row(id, [&](const Property<S> &r) { r.get(s, v); });
  }

 private:
  template <typename F>
  bool row(guint id, F f) const {
    if (id == 0 || id >= next_id()) return false;
    f(rows_[id - 1]);
    return true;
  }
  std::vector<Property<S>> rows_;
};

}  // namespace rec
