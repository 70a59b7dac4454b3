#include "region/log/view.hpp"

#include "region/log/database.hpp"

#include <memory>

namespace cloudshelf::changelog {

namespace {

rocksdb::ReadOptions at(const std::shared_ptr<const void>& moment) {
    rocksdb::ReadOptions options;
    options.snapshot = static_cast<const rocksdb::Snapshot*>(moment.get());
    return options;
}

}  // namespace

KeyRange KeyRange::prefix(std::string_view prefix) {
    KeyRange range{.from = std::string(prefix), .until = std::string(prefix)};
    while (!range.until.empty() && range.until.back() == '\xff') range.until.pop_back();
    if (!range.until.empty()) ++range.until.back();
    return range;
}

Result<std::optional<std::string>> View::get(Family family, std::string_view key) const {
    return database_->get(family, key, at(moment_));
}

Result<void> View::scan(Family family, const KeyRange& range, const Visit& visit, Order order) const {
    rocksdb::ReadOptions options = at(moment_);
    const rocksdb::Slice end = slice(range.until);
    if (!range.until.empty() && order == Order::ascending) options.iterate_upper_bound = &end;
    const std::unique_ptr<rocksdb::Iterator> iterator(database_->db()->NewIterator(options, database_->handle(family)));
    return walk(iterator.get(), range, visit, order);
}

}  // namespace cloudshelf::changelog
