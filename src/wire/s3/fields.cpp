#include "wire/s3/fields.hpp"

#include "wire/s3/date.hpp"
#include "wire/s3/value_text.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace cloudshelf::s3 {
namespace {

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

}  // namespace

Fields::Fields(const XmlElement& element, Complaint& complaint)
    : element_(element), complaint_(complaint), asked_(element.children.size()) {}

void Fields::complain(Error error) {
    if (!complaint_.first) complaint_.first = std::move(error);
}

bool Fields::has(std::string_view name) const {
    return std::ranges::find(element_.children, name, &XmlElement::name) != element_.children.end();
}

std::vector<const XmlElement*> Fields::all(std::string_view name) {
    std::vector<const XmlElement*> found;
    for (std::size_t i = 0; i < element_.children.size(); ++i) {
        if (element_.children[i].name != name) continue;
        asked_[i] = true;
        found.push_back(&element_.children[i]);
    }
    return found;
}

const XmlElement* Fields::find(std::string_view name) {
    const auto found = all(name);
    if (found.size() > 1) malformed();
    return found.empty() ? nullptr : found.front();
}

std::string Fields::text_of(const XmlElement& child) {
    if (!child.children.empty()) malformed();
    if (complaint_.controls == Controls::refused && text::has_control(child.text)) malformed();
    return child.text;
}

std::optional<std::string> Fields::text(std::string_view name) {
    const auto* child = find(name);
    if (!child) return std::nullopt;
    return text_of(*child);
}

std::optional<std::string_view> Fields::value(std::string_view name) {
    const auto* child = find(name);
    if (!child) return std::nullopt;
    if (!child->children.empty()) malformed();
    return trimmed(child->text);
}

std::string Fields::need_text(std::string_view name) {
    auto found = text(name);
    if (!found) malformed();
    return std::move(found).value_or("");
}

std::optional<bool> Fields::flag(std::string_view name) {
    const auto word = value(name);
    if (!word) return std::nullopt;
    if (*word == "true" || *word == "1" || *word == "TRUE" || *word == "True") return true;
    if (*word == "false" || *word == "0" || *word == "FALSE" || *word == "False") return false;
    malformed();
    return std::nullopt;
}

std::optional<std::int64_t> Fields::number(std::string_view name) {
    const auto digits = value(name);
    if (!digits) return std::nullopt;
    std::int64_t read = 0;
    const auto [end, error] = std::from_chars(digits->data(), digits->data() + digits->size(), read);
    if (error == std::errc{} && end == digits->data() + digits->size()) return read;
    malformed();
    return std::nullopt;
}

std::int64_t Fields::need_number(std::string_view name) {
    const auto found = number(name);
    if (!found) malformed();
    return found.value_or(0);
}

std::vector<std::string> Fields::texts(std::string_view name) {
    std::vector<std::string> found;
    for (const auto* child : all(name)) found.push_back(text_of(*child));
    return found;
}

std::optional<std::int64_t> Fields::time(std::string_view name) {
    const auto found = value(name);
    if (!found) return std::nullopt;
    const auto time_ms = parse_timestamp(*found);
    if (!time_ms) malformed();
    return time_ms;
}

std::optional<bool> Fields::enabled(std::string_view name) {
    const auto found = text(name);
    if (!found) return std::nullopt;
    if (*found == "Enabled") return true;
    if (*found == "Disabled") return false;
    malformed();
    return std::nullopt;
}

bool Fields::need_enabled(std::string_view name) {
    const auto found = enabled(name);
    if (!found) malformed();
    return found.value_or(false);
}

void Fields::end() {
    if (std::ranges::find(asked_, false) != asked_.end()) malformed();
    if (!is_blank(element_.text)) malformed();
}

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

}  // namespace cloudshelf::s3
