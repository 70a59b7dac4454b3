#include "wire/lambda/invocation.hpp"

#include "base/base64.hpp"
#include "wire/lambda/errors.hpp"

#include <boost/json/basic_parser_impl.hpp>
#include <fmt/format.h>

namespace cloudshelf::lambda {
namespace {

constexpr std::size_t client_context_length_max = 3583;

/// Takes JSON and keeps nothing of it.
struct Nothing {
    static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
    static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
    using Code = boost::system::error_code;

    bool on_document_begin(Code&) { return true; }
    bool on_document_end(Code&) { return true; }
    bool on_array_begin(Code&) { return true; }
    bool on_array_end(std::size_t, Code&) { return true; }
    bool on_object_begin(Code&) { return true; }
    bool on_object_end(std::size_t, Code&) { return true; }
    bool on_string_part(boost::json::string_view, std::size_t, Code&) { return true; }
    bool on_string(boost::json::string_view, std::size_t, Code&) { return true; }
    bool on_key_part(boost::json::string_view, std::size_t, Code&) { return true; }
    bool on_key(boost::json::string_view, std::size_t, Code&) { return true; }
    bool on_number_part(boost::json::string_view, Code&) { return true; }
    bool on_int64(std::int64_t, boost::json::string_view, Code&) { return true; }
    bool on_uint64(std::uint64_t, boost::json::string_view, Code&) { return true; }
    bool on_double(double, boost::json::string_view, Code&) { return true; }
    bool on_bool(bool, Code&) { return true; }
    bool on_null(Code&) { return true; }
    bool on_comment_part(boost::json::string_view, Code&) { return true; }
    bool on_comment(boost::json::string_view, Code&) { return true; }
};

}  // namespace

std::string_view to_string(InvocationType type) {
    switch (type) {
        case InvocationType::request_response:
            return "RequestResponse";
        case InvocationType::event:
            return "Event";
        case InvocationType::dry_run:
            return "DryRun";
    }
    return "";
}

Result<InvocationType> read_invocation_type(std::string_view header) {
    if (header.empty()) return InvocationType::request_response;
    for (const auto type : {InvocationType::request_response, InvocationType::event, InvocationType::dry_run}) {
        if (header == to_string(type)) return type;
    }
    return fail(errors::validation(
        header, "InvocationType", "Member must satisfy enum value set: [RequestResponse, Event, DryRun]"
    ));
}

Result<bool> read_log_type(std::string_view header) {
    if (header.empty() || header == "None") return false;
    if (header == "Tail") return true;
    return fail(errors::validation(header, "LogType", "Member must satisfy enum value set: [None, Tail]"));
}

Result<std::string> read_client_context(std::string_view header) {
    if (header.empty()) return std::string();
    auto context = from_base64(header);
    if (!context || context->size() > client_context_length_max || !is_json(*context))
        return fail(errors::invalid_request_content("Client context must be a valid Base64-encoded JSON object."));
    return std::move(*context);
}

Result<std::string> read_payload(std::string body, InvocationType type) {
    const auto bytes_max = type == InvocationType::event ? event_payload_bytes_max : payload_bytes_max;
    if (body.size() > bytes_max) return fail(errors::payload_too_large(body.size(), to_string(type), bytes_max));
    if (body.empty()) return std::string("{}");
    if (!is_json(body)) {
        return fail(errors::invalid_request_content("Could not parse request body into json: it is no JSON value"));
    }
    return body;
}

bool is_json(std::string_view text) {
    boost::json::parse_options options;
    options.max_depth = 1000;
    boost::json::basic_parser<Nothing> parser(options);
    boost::system::error_code problem;
    const auto read = parser.write_some(false, text.data(), text.size(), problem);
    return !problem && read == text.size();
}

}  // namespace cloudshelf::lambda
