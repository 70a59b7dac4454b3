#include "wire/dynamodb/errors.hpp"
#include "wire/dynamodb/json.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cloudshelf::dynamodb {
namespace {

namespace json = boost::json;

// An item may be 32 levels deep, of two objects each, within a few of the request. What is deeper is refused here, what
// is a little too deep by `read_value`, which has the right words for it.
constexpr std::size_t depth_max = 192;

/// Builds the value as Boost.JSON's own parser does, and looks at the keys of each object when it ends.
struct Handler {
    static constexpr std::size_t max_object_size = -1;
    static constexpr std::size_t max_array_size = -1;
    static constexpr std::size_t max_key_size = -1;
    static constexpr std::size_t max_string_size = -1;

    json::value_stack stack;
    std::string key_text;                                     // of the objects that are open, one after another
    std::vector<std::pair<std::size_t, std::size_t>> keys{};  // where in key_text, how long

    using ErrorCode = json::error_code;
    bool on_document_begin(ErrorCode&) { return true; }
    bool on_document_end(ErrorCode&) { return true; }
    bool on_object_begin(ErrorCode&) { return true; }
    bool on_object_end(std::size_t count, ErrorCode& error) {
        if (has_twins(count)) {
            error = json::error::syntax;
            return false;
        }
        if (count > 0) key_text.resize(keys[keys.size() - count].first);
        keys.resize(keys.size() - count);
        stack.push_object(count);
        return true;
    }
    bool on_array_begin(ErrorCode&) { return true; }
    bool on_array_end(std::size_t count, ErrorCode&) {
        stack.push_array(count);
        return true;
    }
    bool on_key_part(json::string_view part, std::size_t, ErrorCode&) {
        key_text.append(part.data(), part.size());
        stack.push_chars(part);
        return true;
    }
    bool on_key(json::string_view part, std::size_t size, ErrorCode&) {
        key_text.append(part.data(), part.size());
        keys.emplace_back(key_text.size() - size, size);
        stack.push_key(part);
        return true;
    }
    bool on_string_part(json::string_view part, std::size_t, ErrorCode&) {
        stack.push_chars(part);
        return true;
    }
    bool on_string(json::string_view part, std::size_t, ErrorCode&) {
        stack.push_string(part);
        return true;
    }
    bool on_number_part(json::string_view, ErrorCode&) { return true; }
    bool on_int64(std::int64_t value, json::string_view, ErrorCode&) {
        stack.push_int64(value);
        return true;
    }
    bool on_uint64(std::uint64_t value, json::string_view, ErrorCode&) {
        stack.push_uint64(value);
        return true;
    }
    bool on_double(double value, json::string_view, ErrorCode&) {
        stack.push_double(value);
        return true;
    }
    bool on_bool(bool value, ErrorCode&) {
        stack.push_bool(value);
        return true;
    }
    bool on_null(ErrorCode&) {
        stack.push_null();
        return true;
    }
    bool on_comment_part(json::string_view, ErrorCode&) { return true; }
    bool on_comment(json::string_view, ErrorCode&) { return true; }

private:
    std::string_view key(std::size_t i) const {
        return std::string_view(key_text).substr(keys[i].first, keys[i].second);
    }

    bool has_twins(std::size_t count) const {
        const std::size_t start = keys.size() - count;
        if (count <= 8) {
            for (std::size_t i = start; i < keys.size(); ++i) {
                for (std::size_t j = start; j < i; ++j) {
                    if (key(i) == key(j)) return true;
                }
            }
            return false;
        }
        std::vector<std::string_view> sorted;
        for (std::size_t i = start; i < keys.size(); ++i) sorted.push_back(key(i));
        std::ranges::sort(sorted);
        return std::ranges::adjacent_find(sorted) != sorted.end();
    }
};

}  // namespace

Result<json::value> parse_body(std::string_view text, json::storage_ptr storage) {
    json::parse_options options;
    options.max_depth = depth_max;
    json::basic_parser<Handler> parser(options);
    parser.handler().stack.reset(std::move(storage));
    json::error_code error;
    const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
    if (error || read != text.size()) return fail(errors::serialization());
    return parser.handler().stack.release();
}

}  // namespace cloudshelf::dynamodb
