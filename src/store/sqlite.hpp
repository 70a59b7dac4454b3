#pragma once

#include "store/store.hpp"

#include <filesystem>
#include <memory>

struct sqlite3;

namespace cloudshelf::store {

/// State and journal in one SQLite file: WAL, synchronous=FULL, so that what was acknowledged survives SIGKILL and
/// power loss. One process, one thread. Every call is done when it returns: it waits for the disk on the caller's
/// thread (a few milliseconds), and never suspends.
class SqliteStore : public Store {
public:
    /// Errors: "store.other-version" (naming both), "store.failed".
    static Result<std::unique_ptr<SqliteStore>> open(const std::filesystem::path& path);
    ~SqliteStore() override;

    io::Task<Result<std::optional<Entry>>> get(std::string key) override;
    io::Task<Result<std::vector<KeyedEntry>>> list(std::string prefix) override;
    io::Task<Result<Swapped>> compare_and_swap(std::string key, std::uint64_t expected, std::string value) override;
    io::Task<Result<std::uint64_t>> append(
        std::uint64_t epoch, std::string execution, std::string kind, std::string data
    ) override;
    void append_only_while(std::string key, std::uint64_t term) override {
        term_key_ = std::move(key);
        term_ = term;
    }
    io::Task<Result<void>> restore(std::vector<JournalEntry> entries) override;
    io::Task<Result<std::vector<JournalEntry>>> read(std::uint64_t from, std::size_t count) override;
    io::Task<Result<std::optional<JournalFault>>> verify() override;

private:
    Result<std::optional<Entry>> get_now(const std::string& key);
    Result<Swapped> compare_and_swap_now(const std::string& key, std::uint64_t expected, const std::string& value);
    Result<std::uint64_t> append_now(
        std::uint64_t epoch, const std::string& execution, const std::string& kind, const std::string& data
    );
    Result<void> restore_now(const std::vector<JournalEntry>& entries);
    /// Within a transaction: the entry, and the head with it.
    bool put(const JournalEntry& entry);
    std::optional<JournalEntry> head();
    Result<std::vector<JournalEntry>> read_now(std::uint64_t from, std::size_t count);
    Result<std::optional<JournalFault>> verify_now();

    explicit SqliteStore(sqlite3* database) : database_(database) {}
    sqlite3* database_;
    std::string term_key_;  // appending depends on it; empty: on nothing
    std::uint64_t term_ = 0;
};

}  // namespace cloudshelf::store
