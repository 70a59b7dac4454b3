#include "region/tables/tombstone.hpp"

#include "region/log/bytes.hpp"
#include "region/program/peers.hpp"

#include <chrono>
#include <utility>
#include <vector>

namespace cloudshelf::tables {
namespace {

constexpr std::size_t looked_at_once = 10'000;
constexpr std::size_t erased_at_once = 500;

core::TombstoneScene scene_of(Service& service, const Table& table) {
    const auto keep = std::chrono::duration_cast<std::chrono::milliseconds>(service.options().tombstones_keep);
    core::TombstoneScene scene{.here = service.site(), .now_ms = service.wall_ms(), .keep_ms = keep.count()};
    for (const auto& replica : table.replicas) {
        scene.replicas.push_back(
            {program::site_number(replica.region), service.following(replica.region).horizon.settled()}
        );
    }
    return scene;
}

/// Those that may go among the next ones.
struct Look {
    std::vector<std::pair<std::string, std::string>> outlived;  // with their values
    std::string last;                                           // that was looked at; empty: there are no more
};

Result<Look> look(
    const changelog::View& view,
    const Storage& storage,
    StorageNumber table,
    const core::TombstoneScene& scene,
    const std::string& after
) {
    Look seen;
    std::size_t looked_at = 0;
    auto range = changelog::KeyRange::prefix(storage_prefix(table));
    if (!after.empty()) range.from = after + '\0';
    std::optional<Error> bad;
    const auto take = [&](std::string_view key, std::string_view value) {
        const auto tombstone = Tombstone::decode(value);
        if (!tombstone) {
            bad = tombstone.error();
            return false;
        }
        seen.last = key;
        if (core::may_go(scene, tombstone->version.stamp, tombstone->position.value()))
            seen.outlived.emplace_back(key, value);
        return ++looked_at < looked_at_once && seen.outlived.size() < erased_at_once;
    };
    const auto read = view.scan(storage.tombstones, range, take);
    if (!read) return fail(read.error());
    if (bad) return fail(*bad);
    return seen;
}

}  // namespace

std::string Tombstone::encode() const {
    return changelog::ByteWriter().raw(VersionHead{.version = version}.encode()).number(position.value()).take();
}

Result<Tombstone> Tombstone::decode(std::string_view bytes) {
    const auto head = VersionHead::take(bytes);
    if (!head) return fail(head.error());
    changelog::ByteReader reader(bytes);
    const Tombstone read{.version = head->version, .position = changelog::Position(reader.number<std::uint64_t>())};
    if (!reader.good()) return fail("tables.bad-record", "a tombstone is too short");
    return read;
}

io::Task<Result<void>> trim_tombstones(Service& service, TablePtr table) {
    const auto scene = scene_of(service, *table);
    std::string after;
    while (!service.stopping()) {
        auto work = [&, view = service.log().view(), storage = service.storage()] {
            return look(view, storage, table->number, scene, after);
        };
        const auto seen = co_await service.reading().run(std::move(work));
        if (!seen) co_return fail(seen.error());
        if (seen->last.empty()) break;
        after = seen->last;
        if (seen->outlived.empty()) continue;
        changelog::ChangeLog::Decision decision = [&](changelog::Batch& batch) -> Result<void> {
            for (const auto& [key, value] : seen->outlived) {
                const auto there = batch.get(service.storage().tombstones, key);
                if (!there) return fail(there.error());
                if (*there == value) batch.erase(service.storage().tombstones, key);
            }
            return {};
        };
        const auto written = co_await service.log().write(std::move(decision));
        if (!written) co_return fail(written.error());
    }
    co_return Result<void>();
}

}  // namespace cloudshelf::tables
