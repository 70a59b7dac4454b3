#include "drivers/postgres/stranded_export.hpp"

#include "core/lease_record.hpp"
#include "drivers/postgres/programs.hpp"
#include "drivers/postgres/slots.hpp"
#include "drivers/postgres/stranded.hpp"
#include "io/file.hpp"

#include <fmt/format.h>

namespace cloudshelf::postgres {
namespace {

namespace fs = std::filesystem;

/// What single-user mode reads of the old server, as files in COPY's text format.
struct Readings {
    fs::path slot;     // (confirmed position, state)
    fs::path keys;     // (table, column of its primary key)
    fs::path changes;  // (position, what test_decoding says), ended by a row ("", "END")

    explicit Readings(const fs::path& folder)
        : slot(folder / "stranded.slot"), keys(folder / "stranded.keys"), changes(folder / "stranded.changes") {}

    void remove() const {
        std::error_code ignored;
        for (const auto& path : {slot, keys, changes}) fs::remove(path, ignored);
    }
    /// Peek, not get: whatever is killed from here on, the next attempt reads the same.
    std::vector<std::string> statements() const {
        return {
            fmt::format(
                "COPY (SELECT confirmed_flush_lsn, coalesce(wal_status, '') FROM pg_replication_slots"
                " WHERE slot_name = '{}') TO '{}'",
                stranded_slot,
                slot.string()
            ),
            fmt::format(
                "COPY (SELECT format('%I.%I', n.nspname, c.relname), a.attname FROM pg_index i "
                "JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
                "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey) "
                "WHERE i.indisprimary AND n.nspname NOT IN ('pg_catalog', 'pg_toast')) TO '{}'",
                keys.string()
            ),
            fmt::format(
                "COPY (SELECT lsn::text, data FROM pg_logical_slot_peek_changes('{}', NULL, NULL,"
                " 'skip-empty-xacts', '1') UNION ALL SELECT '', 'END') TO '{}'",
                stranded_slot,
                changes.string()
            ),
        };
    }
};

/// The same for every attempt at one rejoin, so that a second attempt replaces and does not repeat.
std::string file_name(std::uint32_t timeline, Lsn fork) {
    return fmt::format("tl{}-{:X}-{:08X}.jsonl", timeline, fork.value() >> 32, fork.value() & 0xffffffff);
}

}  // namespace

Result<std::uint64_t> export_stranded(
    const ClusterOptions& options, const core::Lineage& lineage, std::uint32_t our_timeline
) {
    const Readings readings(options.pgconf);
    readings.remove();
    if (const auto read = recover_alone(options, readings.statements()); !read) return fail(read.error());
    const auto position = io::read_file(readings.slot);
    if (!position || position->empty())
        return fail("postgres.stranded", fmt::format("the slot {} is not there", stranded_slot));
    const Lsn confirmed = core::parse_lsn(copy_fields(*position)[0]).value_or(Lsn(0));
    const auto changes = io::read_file(readings.changes, 1u << 30);
    const auto keys = io::read_file(readings.keys);
    if (!changes || !keys) return fail("postgres.stranded", fmt::format("the slot {} cannot be read", stranded_slot));
    const Lsn fork = lineage.common ? lineage.fork : Lsn(0);
    const auto found = stranded_changes(*changes, *keys, fork);
    if (!found) return fail(found.error());
    if (found->count > 0) {
        const fs::path file = options.data / "stranded" / file_name(our_timeline, fork);
        std::error_code ignored;
        fs::create_directories(file.parent_path(), ignored);
        if (const auto written = io::replace_file(file, found->lines, 0600); !written) return fail(written.error());
    }
    readings.remove();
    if (lineage.common && confirmed > fork) {
        // The slot is younger than the fork: what was committed in between is in the log alone.
        if (const auto kept = keep_log(options, our_timeline); !kept) return fail(kept.error());
    }
    return found->count;
}

Result<void> keep_log(const ClusterOptions& options, std::uint32_t our_timeline) {
    const fs::path target = options.data / "stranded" / fmt::format("tl{}.pg_wal", our_timeline);
    const fs::path half = target.string() + ".half";
    std::error_code failed;
    fs::remove_all(half, failed);
    fs::remove_all(target, failed);
    fs::create_directories(target.parent_path(), failed);
    fs::copy(options.pgdata / "pg_wal", half, fs::copy_options::recursive, failed);
    if (!failed) fs::rename(half, target, failed);
    if (failed) return fail("postgres.files", fmt::format("{}: {}", target.string(), failed.message()));
    return {};
}

}  // namespace cloudshelf::postgres
