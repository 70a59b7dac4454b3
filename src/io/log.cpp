#include "io/log.hpp"

#include "io/clock.hpp"

#include <boost/json.hpp>

#include <unistd.h>

namespace cloudshelf::io {
namespace {

const char* name(Level level) {
    switch (level) {
        case Level::debug:
            return "debug";
        case Level::info:
            return "info";
        case Level::warning:
            return "warning";
        case Level::error:
            return "error";
    }
    return "error";
}

boost::json::object& identity() {
    static boost::json::object fields;
    return fields;
}

}  // namespace

void log_identity(Fields fields) {
    for (auto& [key, value] : fields) identity()[key] = std::move(value);
}

void log(Level level, std::string_view event, Fields fields) {
    boost::json::object line{{"at", utc_now()}, {"level", name(level)}, {"event", event}};
    for (const auto& [key, value] : identity()) line[key] = value;
    for (auto& [key, value] : fields) line[key] = std::move(value);
    const std::string text = boost::json::serialize(line) + "\n";
    // One write per line, so that lines of different threads and processes never mix.
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace cloudshelf::io
