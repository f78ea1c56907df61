#include "agent/log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cmath>
#include <ctime>

#include "agent/line_writer.h"
#include "crdt/base/bytes.h"

namespace agent {
namespace {

constexpr std::array<std::string_view, 4> kLevels{"error", "warn", "info", "debug"};
constexpr std::int64_t kMinute = 60'000'000'000;

std::string timestamp(std::int64_t wall_nanos) {
  auto seconds = static_cast<std::time_t>(wall_nanos / 1'000'000'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", parts, wall_nanos / 1'000'000 % 1'000);
}

// The length of the well-formed UTF-8 sequence at the start of `text`; 0 if there is none.
std::size_t sequence_bytes(std::string_view text) {
  auto first = static_cast<unsigned char>(text.front());
  std::size_t bytes = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  return text.size() >= bytes && base::is_utf8(text.substr(0, bytes)) ? bytes : 0;
}

std::uint32_t code_point(std::string_view sequence) {
  constexpr std::array<unsigned char, 5> kFirstBits{0, 0x7F, 0x1F, 0x0F, 0x07};
  std::uint32_t point = static_cast<unsigned char>(sequence[0]) & kFirstBits[sequence.size()];
  for (char byte : sequence.substr(1))
    point = point << 6 | (static_cast<unsigned char>(byte) & 0x3F);
  return point;
}

// C0, DEL, C1, line separators, and the marks that change the direction of text.
bool moves_the_terminal(std::uint32_t point) {
  return point < 0x20 || (point >= 0x7F && point < 0xA0) || point == 0x061C || point == 0x200E ||
         point == 0x200F || (point >= 0x2028 && point <= 0x202E) ||
         (point >= 0x2066 && point <= 0x2069) || point == 0xFEFF;
}

void append_safe(std::string_view sequence, std::string& out) {
  if (sequence == "\n") {
    out += "\\n";
  } else if (sequence == "\t") {
    out += "\\t";
  } else if (auto point = code_point(sequence); moves_the_terminal(point)) {
    out += fmt::format("\\u{:04x}", point);
  } else {
    out += sequence;
  }
}

std::string made_safe(std::string_view text, std::size_t bytes_max, bool quoted) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  constexpr std::string_view kEllipsis = "\xE2\x80\xA6";
  std::string out;
  for (std::size_t taken = 0; taken < text.size();) {
    auto bytes = sequence_bytes(text.substr(taken));
    auto step = std::max<std::size_t>(bytes, 1);
    if (taken + step > bytes_max) return out.append(kEllipsis);
    auto sequence = text.substr(taken, bytes);
    if (quoted && (sequence == "\"" || sequence == "\\")) out.push_back('\\');
    if (bytes == 0) out += kReplacement;
    if (bytes > 0) append_safe(sequence, out);
    taken += step;
  }
  return out;
}

struct ValueText {
  LogFormat format;
  std::size_t bytes_max;

  std::string operator()(std::string_view text) const {
    auto escaped = printable(text, bytes_max);
    bool bare = format == LogFormat::kText && !text.empty() && escaped.size() == text.size() &&
                text.find_first_of(" =") == std::string_view::npos;
    return bare ? escaped : "\"" + escaped + "\"";
  }
  std::string operator()(std::int64_t number) const { return fmt::to_string(number); }
  std::string operator()(std::uint64_t number) const { return fmt::to_string(number); }
  std::string operator()(double number) const {
    if (!std::isfinite(number)) return format == LogFormat::kJson ? "null" : fmt::to_string(number);
    return fmt::to_string(number);
  }
  std::string operator()(bool flag) const { return flag ? "true" : "false"; }
};

std::string text_line(const std::string& time, LogLevel level, std::string_view event) {
  return fmt::format("{} {:<5} {}", time, level_name(level), event);
}

std::string json_line(const std::string& time, LogLevel level, std::string_view event) {
  return fmt::format(R"({{"time":"{}","level":"{}","event":"{}")", time, level_name(level), event);
}

std::int64_t wall_clock() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string lost_line(LogFormat format, std::uint64_t lost) {
  constexpr std::string_view kEvent = "log_lines_lost";
  auto time = timestamp(wall_clock());
  if (format == LogFormat::kText) {
    return text_line(time, LogLevel::kWarn, kEvent) + fmt::format(" lines={}\n", lost);
  }
  return json_line(time, LogLevel::kWarn, kEvent) + fmt::format(",\"lines\":{}}}\n", lost);
}

Log::Outside this_host(LogFormat format) {
  auto monotonic = [] {
    return std::int64_t{std::chrono::duration_cast<std::chrono::nanoseconds>(
                            std::chrono::steady_clock::now().time_since_epoch())
                            .count()};
  };
  auto writer = std::make_shared<LineWriter>(
      STDERR_FILENO, LineWriterOptions{},
      [format](std::uint64_t lost) { return lost_line(format, lost); });
  writer->write_before_abort();
  auto write = [writer](std::string_view line) { writer->write(line); };
  return {wall_clock, monotonic, write, [writer] { return writer->lost(); }};
}

}  // namespace

Log::Log(const LogOptions& options) : Log(options, this_host(options.format)) {}

Log::Log(const LogOptions& options, Outside outside)
    : options_(options), outside_(std::move(outside)), level_(options.level) {}

void Log::write(LogLevel level, std::string_view event, Fields fields, std::string_view key) {
  if (!enabled(level)) return;
  std::lock_guard lock(mutex_);
  auto suppressed = admit(event, key);
  if (!suppressed) return;

  bool json = options_.format == LogFormat::kJson;
  auto time = timestamp(outside_.wall());
  auto line = json ? json_line(time, level, event) : text_line(time, level, event);
  auto append = [&](const LogField& field) {
    auto value = std::visit(ValueText{options_.format, options_.value_bytes_max}, field.value);
    line += json ? fmt::format(R"(,"{}":{})", field.name, value)
                 : fmt::format(" {}={}", field.name, value);
  };
  for (const auto& field : fields) append(field);
  if (*suppressed > 0) append({"suppressed", *suppressed});
  line += json ? "}\n" : "\n";
  outside_.write(line);
}

std::optional<std::uint64_t> Log::admit(std::string_view event, std::string_view key) {
  auto now = outside_.monotonic();
  auto found = repeats_.find({std::string(event), std::string(key)});
  if (found == repeats_.end()) {
    if (repeats_.size() >= options_.repeat_entries_max) repeats_.clear();
    found = repeats_.emplace(std::pair{std::string(event), std::string(key)}, Repeats{now}).first;
  }
  auto& repeats = found->second;
  if (now - repeats.minute_began >= kMinute) {
    repeats.minute_began = now;
    repeats.written = 0;
  }
  if (repeats.written >= options_.repeats_per_minute) {
    ++repeats.suppressed;
    return std::nullopt;
  }
  ++repeats.written;
  return std::exchange(repeats.suppressed, 0);
}

std::string printable(std::string_view text, std::size_t bytes_max) {
  return made_safe(text, bytes_max, true);
}

std::string visible(std::string_view text) { return made_safe(text, text.size(), false); }

std::string_view level_name(LogLevel level) { return kLevels[static_cast<std::size_t>(level)]; }

std::optional<LogLevel> level_from_name(std::string_view name) {
  for (std::size_t i = 0; i < kLevels.size(); ++i) {
    if (kLevels[i] == name) return static_cast<LogLevel>(i);
  }
  return std::nullopt;
}

std::optional<LogFormat> format_from_name(std::string_view name) {
  if (name == "text") return LogFormat::kText;
  if (name == "json") return LogFormat::kJson;
  return std::nullopt;
}

}  // namespace agent
