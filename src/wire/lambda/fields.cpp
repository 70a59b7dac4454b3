#include "wire/lambda/fields.hpp"

#include "wire/lambda/errors.hpp"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace cloudshelf::lambda {

Result<void> Fields::done() const {
    if (first_) return fail(*first_);
    return {};
}

void Fields::complain(Error error) {
    if (!first_) first_ = std::move(error);
}

const boost::json::value* Fields::find(std::string_view name) const {
    const auto* found = object_.if_contains(name);
    return found == nullptr || found->is_null() ? nullptr : found;
}

std::optional<std::string> Fields::text(std::string_view name, std::size_t length_max) {
    const auto* found = find(name);
    if (found == nullptr) return std::nullopt;
    if (!found->is_string()) {
        complain(errors::serialization());
        return std::nullopt;
    }
    std::string value(std::string_view(found->get_string()));
    if (value.size() > length_max) {
        complain(
            errors::validation(value, name, fmt::format("Member must have length less than or equal to {}", length_max))
        );
        return std::nullopt;
    }
    return value;
}

std::string Fields::need_text(std::string_view name, std::size_t length_max) {
    auto found = text(name, length_max);
    if (!found) complain(errors::missing_member(name));
    return found.value_or("");
}

std::optional<std::int64_t> Fields::number(std::string_view name, std::int64_t least, std::int64_t most) {
    const auto* found = find(name);
    if (found == nullptr) return std::nullopt;
    boost::system::error_code inexact;
    const auto value = found->is_number() ? found->to_number<std::int64_t>(inexact) : 0;
    if (!found->is_number() || inexact) {
        complain(errors::serialization());
        return std::nullopt;
    }
    if (value < least || value > most) {
        complain(errors::validation(
            std::to_string(value),
            name,
            value < least ? fmt::format("Member must have value greater than or equal to {}", least)
                          : fmt::format("Member must have value less than or equal to {}", most)
        ));
        return std::nullopt;
    }
    return value;
}

std::optional<bool> Fields::flag(std::string_view name) {
    const auto* found = find(name);
    if (found == nullptr) return std::nullopt;
    if (!found->is_bool()) {
        complain(errors::serialization());
        return std::nullopt;
    }
    return found->get_bool();
}

std::optional<std::map<std::string, std::string>> Fields::texts_by_name(std::string_view name) {
    const auto* found = object(name);
    if (found == nullptr) return std::nullopt;
    std::map<std::string, std::string> texts;
    for (const auto& member : *found) {
        if (!member.value().is_string()) {
            complain(errors::serialization());
            return std::nullopt;
        }
        texts.insert_or_assign(std::string(member.key()), std::string(std::string_view(member.value().get_string())));
    }
    return texts;
}

const boost::json::object* Fields::object(std::string_view name) {
    const auto* found = find(name);
    if (found != nullptr && !found->is_object()) complain(errors::serialization());
    return found == nullptr ? nullptr : found->if_object();
}

const boost::json::array* Fields::array(std::string_view name) {
    const auto* found = find(name);
    if (found != nullptr && !found->is_array()) complain(errors::serialization());
    return found == nullptr ? nullptr : found->if_array();
}

bool Fields::given(std::string_view name) const {
    const auto* found = find(name);
    if (found == nullptr) return false;
    if (const auto* text = found->if_string()) return !text->empty();
    if (const auto* list = found->if_array()) return !list->empty();
    if (const auto* members = found->if_object()) return !members->empty();
    return true;
}

}  // namespace cloudshelf::lambda
