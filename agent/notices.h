#pragma once

// How the notices of a replica appear in the log: the name of the event, its level, and a sentence
// for people.

#include <array>
#include <cstdint>
#include <string_view>

#include "agent/log.h"
#include "agent/replica/requests.h"

namespace agent {

struct NoticeWords {
  std::string_view event;            // in the log: "clock_ahead"
  LogLevel level = LogLevel::kInfo;  // an alarm is an error, its end is info
  std::string_view meaning;          // one sentence for people
};
NoticeWords words_for(Notice::Kind kind);

inline constexpr std::size_t kNoticeKinds = static_cast<std::size_t>(Notice::Kind::kRebuilt) + 1;

}  // namespace agent
