#include "region/agent/promises.hpp"

#include "io/clock.hpp"
#include "io/file.hpp"

#include <boost/json.hpp>

namespace cloudshelf::region {
namespace {

namespace json = boost::json;

Epoch read_known_epoch(const std::filesystem::path& file) {
    const auto text = io::read_file(file);
    if (!text) return Epoch(0);
    boost::system::error_code bad;
    const json::value value = json::parse(*text, bad);
    // An unreadable memory of the epoch must not read as "none": nothing is newer than this.
    if (bad || !value.is_object() || !value.as_object().contains("epoch")) return Epoch(UINT64_MAX);
    return Epoch(json::value_to<std::uint64_t>(value.at("epoch")));
}

}  // namespace

Promises::Promises(core::LeaseTerms terms, std::filesystem::path data)
    : file_(data / "epoch.json"), book_(terms, read_known_epoch(file_), io::now()) {}

Result<void> Promises::learn(Epoch epoch) {
    if (epoch <= known()) return {};
    const auto written = io::replace_file(file_, json::serialize(json::object{{"epoch", epoch.value()}}), 0600);
    if (!written) return written;
    book_.learn(epoch);
    return {};
}

bool Promises::grant(Epoch epoch, const core::LeaseTerms& terms) {
    book_.use(terms);
    return book_.grant(epoch, io::now());
}

}  // namespace cloudshelf::region
