#include "region/functions/catalogue.hpp"

#include "region/functions/record.hpp"

#include <ranges>
#include <utility>

namespace cloudshelf::functions {
namespace {

constexpr std::string_view prefix = "function/";

std::string record_key(std::string_view name) {
    return std::string(prefix).append(name);
}

Result<std::optional<Function>> read(const changelog::View& view, changelog::Family family, std::string_view name) {
    const auto record = view.get(family, record_key(name));
    if (!record) return fail(record.error());
    if (!*record) return std::optional<Function>();
    auto function = decode_function(**record);
    if (!function) return fail(function.error());
    return std::optional(std::move(*function));
}

}  // namespace

Result<void> Catalogue::load() {
    std::optional<Error> bad;
    const auto take = [&](std::string_view, std::string_view record) {
        auto function = decode_function(record);
        if (!function) {
            bad = function.error();
            return false;
        }
        auto name = function->name;
        functions_.insert_or_assign(std::move(name), std::make_shared<const Function>(std::move(*function)));
        return true;
    };
    if (auto scanned = log_->view().scan(storage_.catalogue, changelog::KeyRange::prefix(prefix), take); !scanned)
        return scanned;
    if (bad) return fail(*bad);
    return {};
}

FunctionPtr Catalogue::find(std::string_view name) const {
    const auto found = functions_.find(name);
    return found == functions_.end() ? nullptr : found->second;
}

std::vector<FunctionPtr> Catalogue::all() const {
    const auto functions = functions_ | std::views::values;
    return {functions.begin(), functions.end()};
}

io::Task<Result<Catalogue::Changed>> Catalogue::change(std::string name, Change change) {
    changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
        auto function = read(batch, storage_.catalogue, name);
        if (!function) return fail(function.error());
        if (auto changed = change(*function); !changed) return changed;
        if (*function) {
            batch.put(storage_.catalogue, record_key(name), encode_function(**function));
        } else {
            batch.erase(storage_.catalogue, record_key(name));
        }
        return {};
    };
    const auto written = co_await log_->write(std::move(decision));
    if (!written) co_return fail(written.error());
    // From storage and not what was decided here: of two changes that end together the newer one stays.
    auto now = read(log_->view(), storage_.catalogue, name);
    if (!now) co_return fail(now.error());
    Changed changed{.before = find(name), .after = nullptr};
    if (*now) {
        changed.after = std::make_shared<const Function>(std::move(**now));
        functions_.insert_or_assign(name, changed.after);
    } else {
        functions_.erase(name);
    }
    co_return changed;
}

}  // namespace cloudshelf::functions
