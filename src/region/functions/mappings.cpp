#include "region/functions/mappings.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <optional>
#include <ranges>
#include <utility>

namespace cloudshelf::functions {
namespace {

constexpr std::string_view prefix = "mapping/";

std::string record_key(std::string_view uuid) {
    return std::string(prefix).append(uuid);
}
std::string position_key(std::string_view uuid) {
    return std::string("position/").append(uuid);
}

Result<lambda::EventSourceMapping> decode(std::string_view record) {
    boost::system::error_code problem;
    const auto parsed = boost::json::parse(record, problem);
    if (problem || !parsed.is_object()) return fail("functions.bad-record", "the record of an event source mapping");
    auto read = lambda::read_printed_mapping(parsed.get_object());
    if (!read) return fail("functions.bad-record", "the record of an event source mapping: " + read.error().message);
    return read;
}

}  // namespace

Result<void> Mappings::load() {
    std::optional<Error> bad;
    const auto take = [&](std::string_view, std::string_view record) {
        auto mapping = decode(record);
        if (!mapping) {
            bad = mapping.error();
            return false;
        }
        auto uuid = mapping->uuid;
        mappings_.insert_or_assign(
            std::move(uuid), std::make_shared<const lambda::EventSourceMapping>(std::move(*mapping))
        );
        return true;
    };
    if (auto scanned = log_->view().scan(storage_.catalogue, changelog::KeyRange::prefix(prefix), take); !scanned)
        return scanned;
    if (bad) return fail(*bad);
    return {};
}

MappingPtr Mappings::find(std::string_view uuid) const {
    const auto found = mappings_.find(uuid);
    return found == mappings_.end() ? nullptr : found->second;
}

std::vector<MappingPtr> Mappings::all() const {
    const auto mappings = mappings_ | std::views::values;
    return {mappings.begin(), mappings.end()};
}

io::Task<Result<void>> Mappings::put(lambda::EventSourceMapping mapping) {
    const auto record = boost::json::serialize(lambda::print(mapping));
    changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
        batch.put(storage_.catalogue, record_key(mapping.uuid), record);
        return {};
    };
    const auto written = co_await log_->write(std::move(decision));
    if (!written) co_return fail(written.error());
    auto uuid = mapping.uuid;
    mappings_.insert_or_assign(std::move(uuid), std::make_shared<const lambda::EventSourceMapping>(std::move(mapping)));
    co_return Result<void>();
}

io::Task<Result<void>> Mappings::erase(std::string uuid) {
    changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
        batch.erase(storage_.catalogue, record_key(uuid));
        batch.erase(storage_.catalogue, position_key(uuid));
        return {};
    };
    const auto written = co_await log_->write(std::move(decision));
    if (!written) co_return fail(written.error());
    mappings_.erase(uuid);
    results_.erase(uuid);
    co_return Result<void>();
}

Result<std::string> Mappings::position(const std::string& uuid) const {
    auto stored = log_->view().get(storage_.catalogue, position_key(uuid));
    if (!stored) return fail(stored.error());
    return std::move(*stored).value_or("");
}

io::Task<Result<void>> Mappings::set_position(std::string uuid, std::string sequence) {
    changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
        // A mapping that was deleted meanwhile leaves nothing.
        const auto record = batch.get(storage_.catalogue, record_key(uuid));
        if (!record) return fail(record.error());
        if (*record) batch.put(storage_.catalogue, position_key(uuid), sequence);
        return {};
    };
    const auto written = co_await log_->write(std::move(decision));
    if (!written) co_return fail(written.error());
    co_return Result<void>();
}

}  // namespace cloudshelf::functions
