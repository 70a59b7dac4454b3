#include "region/functions/function.hpp"

#include <charconv>

namespace cloudshelf::functions {

const Version* Function::version(std::string_view number) const {
    if (number == lambda::latest) return &latest;
    if (!lambda::is_version_number(number)) return nullptr;
    std::uint64_t value = 0;
    std::from_chars(number.data(), number.data() + number.size(), value);
    const auto found = published.find(value);
    return found == published.end() ? nullptr : &found->second;
}

const Version* Function::resolve(std::string_view qualifier) const {
    if (qualifier.empty()) return &latest;
    const auto alias = aliases.find(qualifier);
    return version(alias == aliases.end() ? qualifier : std::string_view(alias->second.version));
}

std::map<std::string, std::int64_t> provisioned_versions(const Function& function) {
    std::map<std::string, std::int64_t> versions;
    for (const auto& [qualifier, provisioning] : function.provisioned) {
        if (const auto* version = function.resolve(qualifier)) versions[version->number] += provisioning.requested;
    }
    return versions;
}

void add_digests(const Function& function, std::set<std::string, std::less<>>& to) {
    to.insert(function.latest.code.digest);
    for (const auto& [number, version] : function.published) to.insert(version.code.digest);
}

}  // namespace cloudshelf::functions
