#include "drivers/postgres/rejoin_journal.hpp"

#include "drivers/postgres/private_files.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

namespace cloudshelf::postgres {
namespace {

namespace json = boost::json;

constexpr const char* file_name = "rejoin.json";

}  // namespace

Result<void> RejoinJournal::note(const Entry& entry) const {
    const json::object line{
        {"phase", entry.phase}, {"at", io::utc_now()}, {"stranded_writes", entry.stranded}, {"detail", entry.detail}
    };
    return write_private_file(options_.pgconf / file_name, json::serialize(line) + "\n", options_.user);
}

std::optional<RejoinJournal::Entry> RejoinJournal::unfinished() const {
    const auto text = io::read_file(options_.pgconf / file_name);
    if (!text && text.error().code == "io.no-file") return std::nullopt;
    // A journal that cannot be read may mean anything: the safe reading is that the directory is half done.
    Entry entry{.phase = "clone"};
    boost::system::error_code bad;
    const json::value value = text ? json::parse(*text, bad) : json::value();
    if (bad || !value.is_object()) return entry;
    const auto& fields = value.as_object();
    const auto* phase = fields.if_contains("phase");
    const auto* stranded = fields.if_contains("stranded_writes");
    const auto* detail = fields.if_contains("detail");
    if (phase && phase->is_string()) entry.phase = phase->as_string().c_str();
    if (stranded && stranded->is_number()) entry.stranded = json::value_to<std::uint64_t>(*stranded);
    if (detail && detail->is_string()) entry.detail = detail->as_string().c_str();
    return entry;
}

void RejoinJournal::finished() const {
    std::error_code ignored;
    std::filesystem::remove(options_.pgconf / file_name, ignored);
}

Result<void> RejoinJournal::check_startable() const {
    const auto entry = unfinished();
    if (!entry || !entry->half_done()) return {};
    return fail(
        "postgres.half-done",
        fmt::format(
            "{}: its {} did not end; it is cloned anew before it starts", options_.pgdata.string(), entry->phase
        )
    );
}

}  // namespace cloudshelf::postgres
