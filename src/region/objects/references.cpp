#include "region/objects/references.hpp"

#include "region/objects/service.hpp"

namespace cloudshelf::objects {
namespace {

using Found = std::optional<contents::ContentName>;

Result<Found> first_of(Service& service, const changelog::KeyRange& range) {
    std::string place;
    const auto seen = [&place](std::string_view key, std::string_view) {
        place = std::string(key);
        return false;
    };
    const auto scanned = service.log().view().scan(service.storage().references, range, seen);
    if (!scanned) return fail(scanned.error());
    if (place.empty()) return Found();
    auto name = contents::from_flat(place.substr(0, place.find('/')));
    if (!name) return fail("objects.bad-record", "a reference names no content");
    return Found(std::move(*name));
}

}  // namespace

Result<bool> is_referenced(Service& service, const contents::ContentName& name) {
    const auto found = first_of(service, changelog::KeyRange::prefix(reference_prefix(name)));
    if (!found) return fail(found.error());
    return found->has_value();
}

Result<Found> find_referenced(Service& service, std::string_view sha256) {
    return first_of(service, changelog::KeyRange::prefix(std::string(sha256) + '.'));
}

Result<Found> next_referenced(Service& service, const contents::ContentName& after) {
    return first_of(service, {.from = behind_all(reference_prefix(after)), .until = {}});
}

}  // namespace cloudshelf::objects
