#include "store/sqlite.hpp"

#include "io/clock.hpp"
#include "store/chain.hpp"
#include "store/errors.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

namespace cloudshelf::store {
namespace {

constexpr int schema_version = 2;

constexpr const char* schema = R"(
CREATE TABLE state (key TEXT PRIMARY KEY, revision INTEGER NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE journal (
    "index" INTEGER PRIMARY KEY, at TEXT NOT NULL, epoch INTEGER NOT NULL, execution TEXT NOT NULL, kind TEXT NOT NULL,
    data TEXT NOT NULL, previous_hash TEXT NOT NULL, hash TEXT NOT NULL, term INTEGER NOT NULL DEFAULT 0
);
-- The last entry once more, elsewhere: a journal whose tail was cut does not end where this says.
CREATE TABLE journal_head (id INTEGER PRIMARY KEY CHECK (id = 1), "index" INTEGER NOT NULL, hash TEXT NOT NULL);
INSERT INTO journal_head VALUES (1, 0, '');
)";

/// What version 1 lacks. Nothing of it is changed; a program that reads version 1 only refuses the file from then on.
constexpr const char* from_version_1 = "ALTER TABLE journal ADD COLUMN term INTEGER NOT NULL DEFAULT 0;";

Error problem(sqlite3* database, const char* doing) {
    const int code = sqlite3_errcode(database);
    return {
        .code = code == SQLITE_FULL ? "store.disk-full" : "store.failed",
        .message = fmt::format("the state store: {}: {}", doing, sqlite3_errmsg(database)),
        .certainty = Certainty::not_done,
    };
}

/// A prepared statement with its parameters; finalised at the end of its scope.
class Statement {
public:
    Statement(sqlite3* database, const char* sql) { sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr); }
    ~Statement() { sqlite3_finalize(statement_); }
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    Statement& bind(const std::string& text) {
        sqlite3_bind_text(statement_, ++bound_, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
        return *this;
    }
    Statement& bind(std::uint64_t number) {
        sqlite3_bind_int64(statement_, ++bound_, static_cast<sqlite3_int64>(number));
        return *this;
    }
    /// SQLITE_ROW, SQLITE_DONE, or an error.
    int step() { return statement_ ? sqlite3_step(statement_) : SQLITE_ERROR; }
    std::string text(int column) const {
        const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
        return bytes ? std::string(bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))) : "";
    }
    std::uint64_t number(int column) const {
        return static_cast<std::uint64_t>(sqlite3_column_int64(statement_, column));
    }

private:
    sqlite3_stmt* statement_ = nullptr;
    int bound_ = 0;
};

bool run(sqlite3* database, const char* sql) {
    return sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK;
}

JournalEntry entry_of(const Statement& row) {
    return {
        .index = row.number(0),
        .at = row.text(1),
        .epoch = row.number(2),
        .term = row.number(8),
        .execution = row.text(3),
        .kind = row.text(4),
        .data = row.text(5),
        .previous_hash = row.text(6),
        .hash = row.text(7),
    };
}

}  // namespace

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::filesystem::path& path) {
    sqlite3* database = nullptr;
    const int opened = sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
    std::unique_ptr<SqliteStore> store(new SqliteStore(database));
    if (opened != SQLITE_OK)
        return fail("store.failed", fmt::format("{}: {}", path.string(), sqlite3_errmsg(database)));
    sqlite3_busy_timeout(database, 2000);
    if (!run(database, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")) return fail(problem(database, "opening"));
    std::uint64_t version = 0;
    {
        Statement ask(database, "PRAGMA user_version");
        if (ask.step() == SQLITE_ROW) version = ask.number(0);
    }
    if (version <= 1) {
        const std::string make = fmt::format(
            "BEGIN; {} PRAGMA user_version={}; COMMIT;", version == 0 ? schema : from_version_1, schema_version
        );
        if (!run(database, make.c_str())) return fail(problem(database, "making its tables"));
    } else if (version != schema_version) {
        return fail(
            "store.other-version",
            fmt::format(
                "{} has format {}, this program reads {}: use the program that made it",
                path.string(),
                version,
                schema_version
            )
        );
    }
    return store;
}

SqliteStore::~SqliteStore() {
    sqlite3_close(database_);
}

io::Task<Result<std::optional<Entry>>> SqliteStore::get(std::string key) {
    co_return get_now(key);
}

io::Task<Result<std::vector<KeyedEntry>>> SqliteStore::list(std::string prefix) {
    Statement ask(
        database_, "SELECT key, revision, value FROM state WHERE substr(key, 1, length(?1)) = ?1 ORDER BY key"
    );
    ask.bind(prefix);
    std::vector<KeyedEntry> found;
    int row = SQLITE_ROW;
    while ((row = ask.step()) == SQLITE_ROW) found.push_back({ask.text(0), {ask.number(1), ask.text(2)}});
    if (row != SQLITE_DONE) co_return fail(problem(database_, "reading keys"));
    co_return found;
}

io::Task<Result<Swapped>> SqliteStore::compare_and_swap(std::string key, std::uint64_t expected, std::string value) {
    co_return compare_and_swap_now(key, expected, value);
}

io::Task<Result<std::uint64_t>> SqliteStore::append(
    std::uint64_t epoch, std::string execution, std::string kind, std::string data
) {
    co_return append_now(epoch, execution, kind, data);
}

io::Task<Result<std::vector<JournalEntry>>> SqliteStore::read(std::uint64_t from, std::size_t count) {
    co_return read_now(from, count);
}

io::Task<Result<std::optional<JournalFault>>> SqliteStore::verify() {
    co_return verify_now();
}

Result<std::optional<Entry>> SqliteStore::get_now(const std::string& key) {
    Statement ask(database_, "SELECT revision, value FROM state WHERE key = ?");
    const int found = ask.bind(key).step();
    if (found == SQLITE_DONE) return std::optional<Entry>();
    if (found != SQLITE_ROW) return fail(problem(database_, "reading a key"));
    return Entry{.revision = ask.number(0), .value = ask.text(1)};
}

Result<Swapped> SqliteStore::compare_and_swap_now(
    const std::string& key, std::uint64_t expected, const std::string& value
) {
    if (const auto good = errors::check_sizes(key, value); !good) return fail(good.error());
    int changed = SQLITE_ERROR;
    if (expected == 0) {
        Statement insert(database_, "INSERT INTO state VALUES (?, 1, ?) ON CONFLICT (key) DO NOTHING");
        changed = insert.bind(key).bind(value).step();
    } else {
        Statement update(
            database_, "UPDATE state SET revision = revision + 1, value = ? WHERE key = ? AND revision = ?"
        );
        changed = update.bind(value).bind(key).bind(expected).step();
    }
    if (changed != SQLITE_DONE) return fail(problem(database_, "changing a key"));
    const bool stored = sqlite3_changes(database_) == 1;
    auto current = get_now(key);
    if (!current) return fail(current.error());
    return Swapped{.stored = stored, .current = current->value_or(Entry{})};
}

std::optional<JournalEntry> SqliteStore::head() {
    Statement ask(database_, "SELECT \"index\", hash FROM journal_head");
    if (ask.step() != SQLITE_ROW) return std::nullopt;
    return JournalEntry{.index = ask.number(0), .hash = ask.text(1)};
}

bool SqliteStore::put(const JournalEntry& entry) {
    Statement insert(database_, "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    insert.bind(entry.index).bind(entry.at).bind(entry.epoch).bind(entry.execution).bind(entry.kind).bind(entry.data);
    if (insert.bind(entry.previous_hash).bind(entry.hash).bind(entry.term).step() != SQLITE_DONE) return false;
    Statement move(database_, "UPDATE journal_head SET \"index\" = ?, hash = ?");
    return move.bind(entry.index).bind(entry.hash).step() == SQLITE_DONE;
}

Result<std::uint64_t> SqliteStore::append_now(
    std::uint64_t epoch, const std::string& execution, const std::string& kind, const std::string& data
) {
    if (const auto good = errors::check_data(data); !good) return fail(good.error());
    if (!run(database_, "BEGIN IMMEDIATE")) return fail(problem(database_, "beginning a journal entry"));
    if (!term_key_.empty()) {
        const auto there = get_now(term_key_);
        if (!there || !*there || (*there)->value != std::to_string(term_)) {
            run(database_, "ROLLBACK");
            return fail(there ? errors::term_ended(term_key_) : there.error());
        }
    }
    if (const auto last = head()) {
        JournalEntry entry{
            .index = last->index + 1,
            .at = io::utc_now(),
            .epoch = epoch,
            .term = term_,
            .execution = execution,
            .kind = kind,
            .data = data,
            .previous_hash = last->hash,
        };
        entry.hash = hash_of(entry);
        if (put(entry) && run(database_, "COMMIT")) return entry.index;
    }
    const Error failed = problem(database_, "appending to the journal");
    run(database_, "ROLLBACK");
    return fail(failed);
}

io::Task<Result<void>> SqliteStore::restore(std::vector<JournalEntry> entries) {
    co_return restore_now(entries);
}

Result<void> SqliteStore::restore_now(const std::vector<JournalEntry>& entries) {
    if (!run(database_, "BEGIN IMMEDIATE")) return fail(problem(database_, "beginning to restore the journal"));
    const auto last = head();
    bool good = last.has_value();
    std::optional<JournalFault> fault;
    if (good) {
        ChainCheck check(*last);
        for (const auto& entry : entries) {
            if (entry.index <= last->index) continue;
            fault = check.next(entry);
            good = !fault && put(entry);
            if (!good) break;
        }
    }
    if (good && run(database_, "COMMIT")) return {};
    const Error failed = fault ? errors::bad_chain(fault->what) : problem(database_, "restoring the journal");
    run(database_, "ROLLBACK");
    return fail(failed);
}

Result<std::vector<JournalEntry>> SqliteStore::read_now(std::uint64_t from, std::size_t count) {
    Statement ask(database_, "SELECT * FROM journal WHERE \"index\" >= ? ORDER BY \"index\" LIMIT ?");
    ask.bind(from).bind(static_cast<std::uint64_t>(count));
    std::vector<JournalEntry> entries;
    int row = SQLITE_ROW;
    while ((row = ask.step()) == SQLITE_ROW) entries.push_back(entry_of(ask));
    if (row != SQLITE_DONE) return fail(problem(database_, "reading the journal"));
    return entries;
}

Result<std::optional<JournalFault>> SqliteStore::verify_now() {
    Statement ask(database_, "SELECT * FROM journal ORDER BY \"index\"");
    ChainCheck check;
    int row = SQLITE_ROW;
    while ((row = ask.step()) == SQLITE_ROW) {
        if (auto fault = check.next(entry_of(ask))) return fault;
    }
    if (row != SQLITE_DONE) return fail(problem(database_, "reading the journal"));
    Statement head(database_, "SELECT \"index\", hash FROM journal_head");
    if (head.step() != SQLITE_ROW) return fail(problem(database_, "reading the journal's head"));
    return check.end(head.number(0), head.text(1));
}

}  // namespace cloudshelf::store
