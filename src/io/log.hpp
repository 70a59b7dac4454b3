#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudshelf::io {

enum class Level { debug, info, warning, error };

using Fields = std::vector<std::pair<std::string_view, std::string>>;

/// One line of JSON to stderr: {"at":"…Z","level":"info","event":"agent.promoted","region":…}. `event` is a name from
/// docs/reference/events.md; secrets never go into fields. Safe from any thread.
void log(Level level, std::string_view event, Fields fields);

/// Fields that every line of this process carries (program, region). Call once, before threads start.
void log_identity(Fields fields);

}  // namespace cloudshelf::io
