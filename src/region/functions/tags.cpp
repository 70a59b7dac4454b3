#include "region/functions/tags.hpp"

#include "wire/lambda/errors.hpp"

namespace cloudshelf::functions {

Result<void> check_tags(const std::map<std::string, std::string>& added, std::map<std::string, std::string> present) {
    using lambda::errors::invalid_parameter;
    for (const auto& [key, value] : added) {
        if (key.empty() || key.size() > 128) return fail(invalid_parameter("A tag's key has 1 to 128 characters"));
        if (key.starts_with("aws:")) return fail(invalid_parameter("Tags that begin with aws: are reserved"));
        if (value.size() > 256) return fail(invalid_parameter("A tag's value has up to 256 characters"));
        present.insert_or_assign(key, value);
    }
    if (present.size() > 50) return fail(invalid_parameter("A function has up to 50 tags"));
    return {};
}

}  // namespace cloudshelf::functions
