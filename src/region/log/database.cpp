#include "region/log/database.hpp"

#include "base/assert.hpp"
#include "io/log.hpp"
#include "region/log/bytes.hpp"
#include "region/log/errors.hpp"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>

namespace cloudshelf::changelog {

namespace {

/// RocksDB's own log file would be one more to write on a full disk, and Debian's build, which has assertions, ends the
/// process when that fails twice. Its errors go where ours go.
class Messages : public rocksdb::Logger {
public:
    Messages() : rocksdb::Logger(rocksdb::ERROR_LEVEL) {}
    void Logv(const char* format, va_list values) override {
        char line[500];
        ::vsnprintf(line, sizeof line, format, values);
        io::log(io::Level::warning, "log.rocksdb", {{"why", line}});
    }
    void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list values) override {
        if (level == rocksdb::ERROR_LEVEL || level == rocksdb::FATAL_LEVEL) Logv(format, values);
    }
};

/// Keeps RocksDB from resuming by itself, and tells that it would have to.
class NoResume : public rocksdb::EventListener {
public:
    explicit NoResume(std::shared_ptr<std::atomic<bool>> failed) : failed_(std::move(failed)) {}
    void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status*) override { *failed_ = true; }
    void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status, bool* auto_recovery) override {
        *auto_recovery = false;
    }

private:
    std::shared_ptr<std::atomic<bool>> failed_;
};

std::unexpected<Error> unreadable(std::string_view what) {
    return fail("log.corrupt", fmt::format("the record \"{}\" of the folder cannot be read", what));
}

}  // namespace

std::string LogEnd::encode() const {
    ByteWriter to;
    to.number(last.value()).number(checksum).number(bytes).number(static_cast<std::uint64_t>(logged_at_ms));
    return to.raw(clock.encode()).take();
}

Result<LogEnd> LogEnd::decode(std::string_view encoded) {
    ByteReader from(encoded);
    LogEnd end;
    end.last = Position(from.number<std::uint64_t>());
    end.checksum = from.number<std::uint32_t>();
    end.bytes = from.number<std::uint64_t>();
    end.logged_at_ms = static_cast<std::int64_t>(from.number<std::uint64_t>());
    const auto clock = core::HybridStamp::decode(from.raw(core::HybridStamp::encoded_bytes));
    if (!clock || !from.finished()) return unreadable(meta::end);
    end.clock = *clock;
    return end;
}

std::string LowWater::encode() const {
    ByteWriter to;
    return to.number(position.value()).number(checksum).number(bytes).take();
}

Result<LowWater> LowWater::decode(std::string_view encoded) {
    ByteReader from(encoded);
    LowWater low;
    low.position = Position(from.number<std::uint64_t>());
    low.checksum = from.number<std::uint32_t>();
    low.bytes = from.number<std::uint64_t>();
    if (!from.finished()) return unreadable(meta::low_water);
    return low;
}

std::string encode(const Identity& identity) {
    ByteWriter to;
    to.text<std::uint8_t>(identity.id.value()).text<std::uint8_t>(identity.parent.value());
    return to.number(identity.parent_position.value()).take();
}

Result<Identity> decode_identity(std::string_view bytes) {
    ByteReader from(bytes);
    Identity identity;
    identity.id = LogId(std::string(from.text<std::uint8_t>()));
    identity.parent = LogId(std::string(from.text<std::uint8_t>()));
    identity.parent_position = Position(from.number<std::uint64_t>());
    if (!from.finished()) return unreadable(meta::identity);
    return identity;
}

std::string entry_key(Position position) {
    ByteWriter to;
    return to.number(position.value()).take();
}

Position position_of(std::string_view key) {
    return Position(ByteReader(key).number<std::uint64_t>());
}

Error error_of(const rocksdb::Status& status) {
    CLOUDSHELF_ASSERT(!status.ok());
    const std::string text = status.ToString();
    if (status.IsNoSpace()) return {.code = "log.disk-full", .message = text, .retryable = true};
    if (status.IsCorruption()) return {.code = "log.corrupt", .message = text};
    if (status.IsIOError() && text.find("lock ") != std::string::npos) {
        return {.code = "log.in-use", .message = "another process has the folder: " + text};
    }
    return {.code = "log.io", .message = text};
}

Result<std::shared_ptr<Database>> Database::open(const std::filesystem::path& folder, const Options& wanted) {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.create_missing_column_families = true;
    options.write_buffer_size = wanted.memtable_bytes;
    options.max_total_wal_size = 4 * wanted.memtable_bytes;
    options.level_compaction_dynamic_level_bytes = true;
    options.max_background_jobs = 2;
    options.info_log = std::make_shared<Messages>();
    // A record that was being written when the process died is no loss: nobody was told of it. A bad one before the end
    // is, and must not be taken for the end.
    options.wal_recovery_mode = wanted.salvage ? rocksdb::WALRecoveryMode::kPointInTimeRecovery
                                               : rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
    options.track_and_verify_wals_in_manifest = true;
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = rocksdb::NewLRUCache(wanted.cache_bytes);
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));

    std::shared_ptr<Database> database(new Database);
    options.listeners.push_back(std::make_shared<NoResume>(database->failed_));

    std::vector<std::string> names{rocksdb::kDefaultColumnFamilyName, "log", "meta"};
    std::vector<std::string> present;
    if (std::filesystem::exists(folder / "CURRENT")) {
        const auto listed = rocksdb::DB::ListColumnFamilies(options, folder.string(), &present);
        if (!listed.ok()) return fail(error_of(listed));
    }
    present.insert(present.begin(), wanted.families.begin(), wanted.families.end());
    for (const std::string& name : present) {
        if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
    std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
    for (const std::string& name : names) descriptors.emplace_back(name, options);

    // RocksDB makes it too, and complains first that it is not there.
    std::error_code failed;
    if (!wanted.read_only) std::filesystem::create_directories(folder, failed);
    if (failed) return fail("log.io", fmt::format("{}: {}", folder.string(), failed.message()));

    rocksdb::DB* raw = nullptr;
    const auto opened =
        wanted.read_only
            ? rocksdb::DB::OpenForReadOnly(options, folder.string(), descriptors, &database->handles_, &raw)
            : rocksdb::DB::Open(options, folder.string(), descriptors, &database->handles_, &raw);
    if (!opened.ok()) return fail(error_of(opened));
    database->db_.reset(raw);
    return database;
}

Database::~Database() {
    if (!db_) return;
    for (auto* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
    db_->Close();
}

rocksdb::ColumnFamilyHandle* Database::handle(Family family) const {
    CLOUDSHELF_ASSERT(family.value() < handles_.size());
    return handles_[family.value()];
}

Result<Family> Database::family(std::string_view name) const {
    if (name == "data") return data;
    for (std::size_t i = 3; i < handles_.size(); ++i) {
        if (handles_[i]->GetName() == name) return Family(static_cast<std::uint8_t>(i));
    }
    return fail("log.no-family", fmt::format("there is no family \"{}\"", name));
}

Result<std::optional<std::string>> Database::get(
    Family family, std::string_view key, const rocksdb::ReadOptions& options
) const {
    std::string value;
    const auto read = db_->Get(options, handle(family), slice(key), &value);
    if (read.IsNotFound()) return std::nullopt;
    if (!read.ok()) return fail(error_of(read));
    return value;
}

Result<Entry> check_entry(std::string_view bytes, Position position) {
    auto entry = decode_entry(bytes);
    if (!entry) return fail(corrupt_entry(position, entry.error().message));
    if (entry->position != position) {
        return fail(corrupt_entry(position, fmt::format("entry {} is in its place", entry->position.value())));
    }
    return entry;
}

Result<Entry> read_entry(const Database& database, Position position) {
    const auto bytes = database.get(Database::log, entry_key(position));
    if (!bytes) return fail(bytes.error());
    if (!*bytes) return fail(corrupt_entry(position, "it is missing"));
    return check_entry(**bytes, position);
}

Result<void> walk(rocksdb::Iterator* iterator, const KeyRange& range, const View::Visit& visit, Order order) {
    const bool up = order == Order::ascending;
    if (up) {
        iterator->Seek(slice(range.from));
    } else if (range.until.empty()) {
        iterator->SeekToLast();
    } else {
        iterator->SeekForPrev(slice(range.until));
        if (iterator->Valid() && view_of(iterator->key()) >= range.until) iterator->Prev();
    }
    for (; iterator->Valid(); up ? iterator->Next() : iterator->Prev()) {
        const std::string_view key = view_of(iterator->key());
        if (up && !range.until.empty() && key >= range.until) break;
        if (!up && key < range.from) break;
        if (!visit(key, view_of(iterator->value()))) break;
    }
    if (!iterator->status().ok()) return fail(error_of(iterator->status()));
    return {};
}

}  // namespace cloudshelf::changelog
