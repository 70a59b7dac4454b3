#include "wire/s3/policy_json.hpp"

#include "wire/s3/errors.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cloudshelf::s3 {
namespace {

namespace json = boost::json;

constexpr std::size_t depth_max = 16;

/// Passes over a text and looks at the keys of each object when it ends; builds nothing.
struct TwinKeys {
    static constexpr std::size_t max_object_size = -1;
    static constexpr std::size_t max_array_size = -1;
    static constexpr std::size_t max_key_size = -1;
    static constexpr std::size_t max_string_size = -1;

    std::vector<std::vector<std::string>> open{};  // objects that have begun, and their keys
    std::string key{};

    using ErrorCode = json::error_code;
    bool on_document_begin(ErrorCode&) { return true; }
    bool on_document_end(ErrorCode&) { return true; }
    bool on_object_begin(ErrorCode&) {
        open.emplace_back();
        return true;
    }
    bool on_object_end(std::size_t, ErrorCode& error) {
        auto& keys = open.back();
        std::ranges::sort(keys);
        const bool twins = std::ranges::adjacent_find(keys) != keys.end();
        open.pop_back();
        if (twins) error = json::error::syntax;
        return !twins;
    }
    bool on_array_begin(ErrorCode&) { return true; }
    bool on_array_end(std::size_t, ErrorCode&) { return true; }
    bool on_key_part(json::string_view part, std::size_t, ErrorCode&) {
        key.append(part.data(), part.size());
        return true;
    }
    bool on_key(json::string_view part, std::size_t, ErrorCode&) {
        key.append(part.data(), part.size());
        open.back().push_back(std::move(key));
        key.clear();
        return true;
    }
    bool on_string_part(json::string_view, std::size_t, ErrorCode&) { return true; }
    bool on_string(json::string_view, std::size_t, ErrorCode&) { return true; }
    bool on_number_part(json::string_view, ErrorCode&) { return true; }
    bool on_int64(std::int64_t, json::string_view, ErrorCode&) { return true; }
    bool on_uint64(std::uint64_t, json::string_view, ErrorCode&) { return true; }
    bool on_double(double, json::string_view, ErrorCode&) { return true; }
    bool on_bool(bool, ErrorCode&) { return true; }
    bool on_null(ErrorCode&) { return true; }
    bool on_comment_part(json::string_view, ErrorCode&) { return true; }
    bool on_comment(json::string_view, ErrorCode&) { return true; }
};

}  // namespace

Result<json::value> parse_policy_json(std::string_view text) {
    json::parse_options options;
    options.max_depth = depth_max;
    json::error_code error;
    auto value = json::parse({text.data(), text.size()}, error, {}, options);
    if (error) return fail(errors::malformed_policy("Policies must be valid JSON and the first byte must be '{'"));
    json::basic_parser<TwinKeys> twins(options);
    twins.write_some(false, text.data(), text.size(), error);
    if (error) return fail(errors::malformed_policy("Policy has a key more than once in an object"));
    return value;
}

}  // namespace cloudshelf::s3
