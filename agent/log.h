#pragma once

// The agent's log: one event in one line, structured, as text or JSON. Safe from any thread. A
// value stays on its line and cannot control a terminal: control characters and the marks that
// reorder text are escaped, and long values are cut. When one event comes too often, its lines are
// suppressed and counted. A caller never waits for the reader of stderr: when the reader does not
// read, lines are lost and counted (line_writer.h). Never log keys or credentials.

#include <atomic>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace agent {

enum class LogLevel : std::uint8_t { kError, kWarn, kInfo, kDebug };
enum class LogFormat : std::uint8_t { kText, kJson };
std::string_view level_name(LogLevel level);  // "error"
std::optional<LogLevel> level_from_name(std::string_view name);
std::optional<LogFormat> format_from_name(std::string_view name);

struct LogField {
  using Value = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;
  std::string_view name;
  Value value;

  template <typename T>
  LogField(std::string_view field_name, const T& field_value)
      : name(field_name), value(typed(field_value)) {}

 private:
  template <typename T>
  static Value typed(const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      return value;
    } else if constexpr (std::is_integral_v<T>) {
      if constexpr (std::is_signed_v<T>) return static_cast<std::int64_t>(value);
      if constexpr (!std::is_signed_v<T>) return static_cast<std::uint64_t>(value);
    } else if constexpr (std::is_floating_point_v<T>) {
      return static_cast<double>(value);
    } else {
      return std::string_view(value);
    }
  }
};

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kText;
  std::size_t value_bytes_max = 256;       // a longer value is cut and ends with an ellipsis
  std::uint32_t repeats_per_minute = 10;   // of one event and key; above: counted, not written
  std::size_t repeat_entries_max = 4'096;  // events and keys counted; when full, all are reset
};

class Log {
 public:
  using Fields = std::initializer_list<LogField>;
  // The wall time in nanoseconds since the epoch, a monotonic time, and where a finished line goes.
  struct Outside {
    std::function<std::int64_t()> wall;
    std::function<std::int64_t()> monotonic;
    std::function<void(std::string_view line)> write;
    std::function<std::uint64_t()> lost = [] { return std::uint64_t{0}; };  // lines not written
  };
  // Uses the clocks of this host and stderr. The destructor waits a short time for the last lines
  // to be written.
  explicit Log(const LogOptions& options);
  Log(const LogOptions& options, Outside outside);

  // `event` and field names are literals in our code: lower case words joined by '_'. `key` says to
  // which object it happened (an address, a node). Each (event, key) has its own rate limit.
  void write(LogLevel level, std::string_view event, Fields fields = {}, std::string_view key = {});
  void error(std::string_view event, Fields fields = {}, std::string_view key = {}) {
    write(LogLevel::kError, event, fields, key);
  }
  void warn(std::string_view event, Fields fields = {}, std::string_view key = {}) {
    write(LogLevel::kWarn, event, fields, key);
  }
  void info(std::string_view event, Fields fields = {}, std::string_view key = {}) {
    write(LogLevel::kInfo, event, fields, key);
  }
  void debug(std::string_view event, Fields fields = {}, std::string_view key = {}) {
    write(LogLevel::kDebug, event, fields, key);
  }

  void set_level(LogLevel level) { level_.store(level, std::memory_order_relaxed); }
  std::uint64_t lost_lines() const { return outside_.lost(); }
  bool enabled(LogLevel level) const { return level <= level_.load(std::memory_order_relaxed); }

 private:
  struct Repeats {
    std::int64_t minute_began = 0;
    std::uint32_t written = 0;
    std::uint64_t suppressed = 0;
  };
  // Nullopt: over the limit, write no line. Else how many lines were suppressed before this one.
  std::optional<std::uint64_t> admit(std::string_view event, std::string_view key);

  LogOptions options_;
  Outside outside_;
  std::atomic<LogLevel> level_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Repeats> repeats_;
};

// Makes `text` fit for one line of a log: cut, escaped like a JSON string, with invalid UTF-8
// replaced.
std::string printable(std::string_view text, std::size_t bytes_max);
// The same for a terminal: not cut, and quotes and backslashes are not escaped.
std::string visible(std::string_view text);

}  // namespace agent
