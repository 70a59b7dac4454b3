#include "cli/state_file.hpp"

#include "base/digest.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace cloudshelf::cli {

namespace json = boost::json;

std::string state_digest(const json::object& state) {
    return sha256_hex(json::serialize(state));
}

std::string state_file(const json::object& state) {
    return json::serialize(
               json::object{{"format_version", state_file_version}, {"digest", state_digest(state)}, {"state", state}}
           ) +
           "\n";
}

Result<json::object> read_state_file(std::string_view text) {
    boost::system::error_code bad;
    json::value document = json::parse(text, bad);
    if (bad) return fail("state.unreadable", fmt::format("no backup of the state: {}", bad.message()));
    const auto* object = document.if_object();
    const auto* version = object ? object->if_contains("format_version") : nullptr;
    const auto* digest = object ? object->if_contains("digest") : nullptr;
    const auto* state = object ? object->if_contains("state") : nullptr;
    const bool whole = version && version->is_int64() && digest && digest->is_string() && state && state->is_object();
    if (!whole) return fail("state.unreadable", "no backup of the state: its fields are not there");
    if (version->get_int64() != state_file_version)
        return fail(
            "state.other-version",
            fmt::format("the backup has format {}, this program reads {}", version->get_int64(), state_file_version)
        );
    if (state_digest(state->get_object()) != digest->get_string())
        return fail("state.damaged", "the backup is not what was written: its digest does not match");
    return state->get_object();
}

}  // namespace cloudshelf::cli
