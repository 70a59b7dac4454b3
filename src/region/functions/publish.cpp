#include "region/functions/publish.hpp"

#include "region/functions/ids.hpp"

namespace cloudshelf::functions {
namespace {

bool is_same(const Version& left, const Version& right) {
    auto configuration = left.configuration;
    configuration.description = right.configuration.description;
    return left.code == right.code && configuration == right.configuration;
}

}  // namespace

std::string publish(Function& function, const std::optional<std::string>& description, std::int64_t now_ms) {
    if (!function.published.empty()) {
        const auto& newest = function.published.rbegin()->second;
        if (is_same(newest, function.latest)) return newest.number;
    }
    Version made = function.latest;
    const auto number = function.next_number++;
    made.number = std::to_string(number);
    made.revision = draw_uuid();
    made.modified_ms = now_ms;
    if (description && !description->empty()) made.configuration.description = *description;
    return function.published.emplace(number, std::move(made)).first->second.number;
}

}  // namespace cloudshelf::functions
