#include "region/agent/promises.hpp"

#include "io/clock.hpp"
#include "io/file.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <optional>

namespace cloudshelf::region {
namespace {

namespace json = boost::json;

core::KnownEpochs read_known_epochs(const std::filesystem::path& file) {
    const auto text = io::read_file(file);
    if (!text) return {};
    boost::system::error_code bad;
    const json::value value = json::parse(*text, bad);
    const auto* known = bad ? nullptr : value.if_object();
    const auto number = [known](std::string_view name) -> std::optional<Epoch> {
        const auto* member = known ? known->if_contains(name) : nullptr;
        if (member == nullptr || !member->is_number()) return std::nullopt;
        return Epoch(member->to_number<std::uint64_t>());
    };
    const auto newest = number("epoch");
    // An unreadable memory of the epoch must not read as "none": nothing is newer than this.
    if (!newest) return {.newest = Epoch(UINT64_MAX)};
    return {.newest = *newest, .of_another = number("of_another").value_or(Epoch(0))};
}

}  // namespace

Promises::Promises(core::LeaseTerms terms, std::filesystem::path data)
    : file_(data / "epoch.json"), book_(terms, read_known_epochs(file_), io::now()) {}

Result<void> Promises::learn(Epoch epoch, core::Whose whose) {
    const bool ours = whose == core::Whose::ours;
    if (epoch <= known() && (ours || epoch <= epochs().of_another)) return {};
    const json::object kept{
        {"epoch", std::max(known(), epoch).value()},
        {"of_another", ours ? epochs().of_another.value() : std::max(epochs().of_another, epoch).value()}
    };
    if (const auto written = io::replace_file(file_, json::serialize(kept), 0600); !written) return written;
    book_.learn(epoch, whose);
    return {};
}

bool Promises::grant(Epoch epoch, const core::LeaseTerms& terms) {
    book_.use(terms);
    return book_.grant(epoch, io::now());
}

}  // namespace cloudshelf::region
