#include "region/tables/catalogue.hpp"

#include <algorithm>
#include <ranges>

namespace cloudshelf::tables {
namespace {

constexpr std::string_view table_prefix = "table/";
constexpr std::string_view next_key = "next";

std::string record_key(std::string_view name) {
    return std::string(table_prefix).append(name);
}

TablePtr with_name(const std::map<std::string, TablePtr, std::less<>>& tables, std::string_view name) {
    const auto found = tables.find(name);
    return found == tables.end() ? nullptr : found->second;
}

TablePtr with_id(const std::map<std::string, TablePtr, std::less<>>& tables, std::string_view id) {
    const auto all = tables | std::views::values;
    const auto found = std::ranges::find_if(all, [id](const TablePtr& table) { return table->id == id; });
    return found == all.end() ? nullptr : *found;
}

}  // namespace

Catalogue::Catalogue(changelog::ChangeLog* log, Storage storage) : log_(log), storage_(storage) {}

Result<void> Catalogue::load() {
    std::optional<Error> bad;
    const auto take = [&](std::string_view, std::string_view record) {
        auto table = decode_table(record);
        if (!table) {
            bad = table.error();
            return false;
        }
        auto name = table->name;
        decided_.insert_or_assign(std::move(name), std::make_shared<const Table>(std::move(*table)));
        return true;
    };
    const auto range = changelog::KeyRange::prefix(table_prefix);
    if (auto read = log_->view().scan(storage_.catalogue, range, take); !read) return read;
    if (bad) return fail(*bad);
    const std::scoped_lock lock(mutex_);
    visible_ = decided_;
    return {};
}

TablePtr Catalogue::find(std::string_view name) const {
    const std::scoped_lock lock(mutex_);
    return with_name(visible_, name);
}

TablePtr Catalogue::find_id(std::string_view id) const {
    const std::scoped_lock lock(mutex_);
    return with_id(visible_, id);
}

TablePtr Catalogue::find_stream(std::string_view arn) const {
    const auto& region = log_->options().region;
    const auto has = [&](const TablePtr& table) {
        return std::ranges::any_of(table->streams, [&](const Stream& stream) {
            return stream_arn(region, table->name, stream.label) == arn;
        });
    };
    const std::scoped_lock lock(mutex_);
    const auto all_visible = visible_ | std::views::values;
    const auto found = std::ranges::find_if(all_visible, has);
    return found == all_visible.end() ? nullptr : *found;
}

std::vector<TablePtr> Catalogue::all() const {
    const std::scoped_lock lock(mutex_);
    const auto tables = visible_ | std::views::values;
    return {tables.begin(), tables.end()};
}

TablePtr Catalogue::decided(std::string_view name) const {
    return with_name(decided_, name);
}

TablePtr Catalogue::decided_id(std::string_view id) const {
    return with_id(decided_, id);
}

io::Task<Result<TablePtr>> Catalogue::change(std::string name, Change change) {
    changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
        const TablePtr before = decided(name);
        if (auto changed = change_in(batch, name, change); !changed) return changed;
        const TablePtr after = decided(name);
        const bool concerns_others = (before && before->replicated()) || (after && after->replicated());
        if (after && concerns_others)
            batch.append({.kind = "table", .container = after->id, .payload = encode_table(*after)});
        return {};
    };
    const auto written = co_await log_->write(std::move(decision));
    if (!written) co_return fail(written.error());
    settle(name);
    co_return find(name);
}

Result<void> Catalogue::change_in(changelog::Batch& batch, std::string_view name, const Change& change) {
    const TablePtr current = decided(name);
    auto next = change(current.get(), batch);
    if (!next) return fail(next.error());
    if (!*next) {
        batch.erase(storage_.catalogue, record_key(name));
        decided_.erase(std::string(name));
        return {};
    }
    // A change that is taken over from another region brings its stamp with it.
    const core::HybridStamp before = current ? current->shared_changed : core::HybridStamp{};
    const bool changed = !current || !current->same_shared(**next);
    if (changed && (*next)->shared_changed == before) (*next)->shared_changed = batch.stamp();
    batch.put(storage_.catalogue, record_key(name), encode_table(**next));
    decided_.insert_or_assign(std::string(name), std::make_shared<const Table>(std::move(**next)));
    return {};
}

void Catalogue::settle(std::string_view name) {
    // From storage and not from `decided_`, which may be ahead of what is durable. The lock is held while it is read,
    // so that of two changes that settle at once the newer one stays.
    const std::scoped_lock lock(mutex_);
    const auto record = log_->view().get(storage_.catalogue, record_key(name));
    if (!record) return;  // the disk fails: the table stays as it was known, and every write reports the failure
    if (!*record) {
        visible_.erase(std::string(name));
        return;
    }
    auto table = decode_table(**record);
    if (table) visible_.insert_or_assign(std::string(name), std::make_shared<const Table>(std::move(*table)));
}

Result<StorageNumber> Catalogue::next_number(changelog::Batch& batch) {
    const auto stored = batch.get(storage_.catalogue, next_key);
    if (!stored) return fail(stored.error());
    const auto number = static_cast<std::uint32_t>(std::stoul(stored->value_or("1")));
    batch.put(storage_.catalogue, next_key, std::to_string(number + 1));
    return StorageNumber(number);
}

}  // namespace cloudshelf::tables
