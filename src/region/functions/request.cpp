#include "region/functions/request.hpp"

#include "region/functions/catalogue.hpp"
#include "region/functions/service.hpp"
#include "wire/lambda/fields.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace cloudshelf::functions {

namespace errors = lambda::errors;

Result<Named> named(const Call& call, std::string_view function, std::string_view qualifier) {
    auto reference = lambda::read_reference(function);
    if (!reference) return fail(reference.error());
    const auto& region = call.service.region().value();
    if (!qualifier.empty() && !lambda::is_qualifier(qualifier)) {
        return fail(errors::validation(
            qualifier, "Qualifier", "Member must satisfy regular expression pattern: \\$LATEST|[a-zA-Z0-9-_]+"
        ));
    }
    if (!qualifier.empty() && !reference->qualifier.empty() && qualifier != reference->qualifier) {
        return fail(errors::invalid_parameter(
            "The derived qualifier from the function name does not match the specified qualifier."
        ));
    }
    if (reference->qualifier.empty()) reference->qualifier = qualifier;
    if (!reference->region.empty() && reference->region != region) {
        return fail(errors::resource_not_found(
            fmt::format("Functions from '{}' are not reachable in this region ('{}')", reference->region, region)
        ));
    }
    auto arn = lambda::function_arn(region, reference->name, reference->qualifier);
    if (!reference->account.empty() && reference->account != lambda::account_id)
        return fail(errors::function_not_found(function));
    return Named{
        .name = std::move(reference->name), .qualifier = std::move(reference->qualifier), .arn = std::move(arn)
    };
}

Result<Named> named(const Call& call) {
    return named(call, call.target.label("FunctionName"), call.request.query("Qualifier"));
}

Result<Found> find_function(const Call& call) {
    auto name = named(call);
    if (!name) return fail(name.error());
    auto function = call.service.catalogue().find(name->name);
    if (!function) return fail(errors::function_not_found(name->arn));
    return Found{.named = std::move(*name), .function = std::move(function)};
}

Result<FoundVersion> find_version(const Call& call) {
    auto found = find_function(call);
    if (!found) return fail(found.error());
    const auto* version = found->function->resolve(found->named.qualifier);
    if (version == nullptr) return fail(errors::function_not_found(found->named.arn));
    return FoundVersion{.named = std::move(found->named), .function = std::move(found->function), .version = version};
}

Result<void> check_revision(const boost::json::object& body, std::string_view present) {
    lambda::Fields fields(body);
    const auto wanted = fields.text("RevisionId", 128);
    if (auto read = fields.done(); !read) return read;
    if (wanted && !wanted->empty() && *wanted != present) return fail(errors::precondition_failed());
    return {};
}

Result<Page> page_of(const Call& call, std::map<std::string, boost::json::object> items, std::size_t most) {
    const auto text = call.request.query("MaxItems");
    std::size_t wanted = most;
    if (!text.empty()) {
        const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), wanted);
        if (bad != std::errc() || end != text.data() + text.size() || wanted < 1 || wanted > 10'000)
            return fail(errors::validation(text, "MaxItems", "Member must be between 1 and 10000"));
    }
    wanted = std::min(wanted, most);
    Page page;
    const auto marker = call.request.query("Marker");
    for (auto at = marker.empty() ? items.begin() : items.upper_bound(marker); at != items.end(); ++at) {
        if (page.items.size() == wanted) {
            page.next = std::prev(at)->first;
            break;
        }
        page.items.push_back(std::move(at->second));
    }
    return page;
}

io::HttpResponse answer_page(std::string_view name, Page page) {
    boost::json::object body;
    body[name] = std::move(page.items);
    if (page.next) body["NextMarker"] = *page.next;
    return answer_json(200, body);
}

io::HttpResponse answer_json(int status, const boost::json::object& body) {
    return io::HttpResponse::json(status, boost::json::serialize(body));
}

io::HttpResponse answer_nothing(int status) {
    return {.status = status, .headers = {}, .body = {}};
}

}  // namespace cloudshelf::functions
