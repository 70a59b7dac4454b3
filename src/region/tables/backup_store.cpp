#include "region/tables/backup_store.hpp"

#include "base/digest.hpp"
#include "io/file.hpp"
#include "region/log/bytes.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <fcntl.h>
#include <random>
#include <system_error>
#include <unistd.h>

namespace cloudshelf::tables {
namespace {

namespace json = boost::json;

constexpr std::string_view description_file = "backup.json";
constexpr int description_format = 1;
constexpr std::size_t chunk_file_max = 1u << 30;

Error io_error(std::string what) {
    return {.code = "backup.io", .message = std::move(what)};
}

Error damaged(const std::filesystem::path& file, std::string_view how) {
    return {
        .code = "backup.damaged",
        .message = fmt::format("{} {}: the backup cannot be used, restore another one", file.native(), how)
    };
}

/// That an entry was added to a folder, or removed from it, is durable only then.
Result<void> sync_folder(const std::filesystem::path& folder) {
    const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return fail(io_error(fmt::format("cannot open the folder {}", folder.native())));
    const bool synced = ::fsync(descriptor) == 0;
    ::close(descriptor);
    if (!synced) return fail(io_error(fmt::format("cannot fsync the folder {}", folder.native())));
    return {};
}

/// An id names a folder: nothing but digits, a dash and hexadecimal digits may get near the file system.
bool is_id(std::string_view id) {
    const auto fits = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-'; };
    return id.size() == 22 && id[13] == '-' && std::ranges::all_of(id, fits);
}

std::string encode(const Backup& backup) {
    json::array chunks;
    for (const auto& chunk : backup.chunks) {
        chunks.push_back(json::object{{"file", chunk.file}, {"bytes", chunk.bytes}, {"sha256", chunk.sha256}});
    }
    json::array tags;
    for (const auto& [key, value] : backup.tags) tags.push_back(json::array{key, value});
    const json::object object{
        {"format", description_format},
        {"id", backup.id},
        {"name", backup.name},
        {"type", to_string(backup.type)},
        {"table", backup.table},
        {"created_ms", backup.created_ms},
        {"log", backup.log},
        {"position", backup.position},
        {"expires_ms", backup.expires_ms},
        {"size_bytes", backup.size_bytes},
        {"items", backup.items},
        {"verified_ms", backup.verified_ms},
        {"tags", std::move(tags)},
        {"chunks", std::move(chunks)}
    };
    const std::string text = json::serialize(object);
    return text + '\n' + sha256_hex(text) + '\n';
}

Result<Backup> decode(const std::filesystem::path& file, std::string_view content) {
    const auto line = content.find('\n');
    if (line == std::string_view::npos || content.substr(line + 1) != sha256_hex(content.substr(0, line)) + '\n') {
        return fail(damaged(file, "does not have its checksum"));
    }
    try {  // Boost.JSON's accessors throw; what a checksum vouches for is ours, but may be of a later format
        const auto object = json::parse(content.substr(0, line)).as_object();
        if (object.at("format").to_number<int>() != description_format)
            return fail(damaged(file, "has a later format"));
        Backup backup{
            .id = json::value_to<std::string>(object.at("id")),
            .name = json::value_to<std::string>(object.at("name")),
            .type = object.at("type").as_string() == "SYSTEM" ? BackupType::system : BackupType::user,
            .table = json::value_to<std::string>(object.at("table")),
            .created_ms = object.at("created_ms").to_number<std::int64_t>(),
            .log = json::value_to<std::string>(object.at("log")),
            .position = object.at("position").to_number<std::uint64_t>(),
            .expires_ms = object.at("expires_ms").to_number<std::int64_t>(),
            .size_bytes = object.at("size_bytes").to_number<std::int64_t>(),
            .items = object.at("items").to_number<std::int64_t>(),
            .verified_ms = object.at("verified_ms").to_number<std::int64_t>(),
            .tags = {},
            .chunks = {}
        };
        for (const auto& tag : object.at("tags").as_array()) {
            backup.tags.emplace_back(json::value_to<std::string>(tag.at(0)), json::value_to<std::string>(tag.at(1)));
        }
        for (const auto& chunk : object.at("chunks").as_array()) {
            backup.chunks.push_back(
                {.file = json::value_to<std::string>(chunk.at("file")),
                 .bytes = chunk.at("bytes").to_number<std::uint64_t>(),
                 .sha256 = json::value_to<std::string>(chunk.at("sha256"))}
            );
        }
        return backup;
    } catch (const std::exception&) {
        return fail(damaged(file, "lacks a member"));
    }
}

/// Gathers records into chunks and writes them one after the other.
class ChunkWriter {
public:
    ChunkWriter(std::filesystem::path folder, std::size_t chunk_bytes)
        : folder_(std::move(folder)), chunk_bytes_(chunk_bytes) {}

    Result<void> add(std::string_view key, std::string_view value) {
        records_.text<std::uint32_t>(key).text<std::uint32_t>(value);
        return records_.bytes().size() < chunk_bytes_ ? Result<void>() : flush();
    }
    Result<void> flush() {
        const std::string bytes = records_.take();
        records_ = {};
        if (bytes.empty()) return {};
        const std::string file = fmt::format("chunk-{:06}", chunks_.size() + 1);
        auto written = io::replace_file(folder_ / file, bytes, 0600);
        if (!written) return fail(written.error());
        chunks_.push_back({.file = file, .bytes = bytes.size(), .sha256 = sha256_hex(bytes)});
        return {};
    }
    std::vector<BackupChunk> take() { return std::move(chunks_); }

private:
    std::filesystem::path folder_;
    std::size_t chunk_bytes_;
    changelog::ByteWriter records_;
    std::vector<BackupChunk> chunks_;
};

Result<void> fill(
    const std::filesystem::path& folder, std::size_t chunk_bytes, Backup& backup, const BackupStore::Content& content
) {
    ChunkWriter writer(folder, chunk_bytes);
    Result<void> added;
    const BackupStore::Visit add = [&](std::string_view key, std::string_view value) {
        ++backup.items;
        backup.size_bytes += static_cast<std::int64_t>(key.size() + value.size());
        added = writer.add(key, value);
        return added.has_value();
    };
    if (auto handed = content(add); !handed) return handed;
    if (!added) return added;
    if (auto flushed = writer.flush(); !flushed) return flushed;
    backup.chunks = writer.take();
    return {};
}

}  // namespace

std::string_view to_string(BackupType type) {
    return type == BackupType::user ? "USER" : "SYSTEM";
}

BackupStore::BackupStore(Options options) : options_(std::move(options)) {}

Result<int> BackupStore::open() {
    std::error_code error;
    std::filesystem::create_directories(options_.folder, error);
    if (error) return fail(io_error(fmt::format("cannot make {}: {}", options_.folder.native(), error.message())));
    std::vector<std::filesystem::path> unfinished;
    for (const auto& entry : std::filesystem::directory_iterator(options_.folder, error)) {
        const bool ours = is_id(entry.path().filename().native());
        if (ours && !std::filesystem::exists(entry.path() / description_file)) unfinished.push_back(entry.path());
    }
    for (const auto& folder : unfinished) {
        std::filesystem::remove_all(folder, error);
        if (error) return fail(io_error(fmt::format("cannot remove {}: {}", folder.native(), error.message())));
    }
    if (error) return fail(io_error(fmt::format("cannot list {}: {}", options_.folder.native(), error.message())));
    return static_cast<int>(unfinished.size());
}

Result<Backup> BackupStore::create(Backup facts, const Content& content) const {
    // Two backups of one millisecond differ in what is drawn.
    facts.id = fmt::format("{:013}-{:08x}", facts.created_ms, std::random_device()());
    facts.items = facts.size_bytes = 0;
    const auto folder = folder_of(facts.id);
    std::error_code error;
    std::filesystem::create_directories(options_.folder, error);
    if (!std::filesystem::create_directory(folder, error)) {
        return fail(io_error(fmt::format("cannot make {}: {}", folder.native(), error.message())));
    }
    auto done = fill(folder, options_.chunk_bytes, facts, content);
    if (done) done = sync_folder(options_.folder);
    if (done) done = io::replace_file(folder / description_file, encode(facts), 0600);
    if (!done) {
        std::filesystem::remove_all(folder, error);
        return fail(done.error());
    }
    return facts;
}

Result<BackupStore::List> BackupStore::list() const {
    List list;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(options_.folder, error)) {
        const std::string id = entry.path().filename();
        if (!is_id(id)) continue;
        auto backup = find(id);
        if (backup) {
            list.backups.push_back(std::move(*backup));
        } else if (backup.error().code != "backup.not-found") {
            list.damaged.push_back(backup.error());
        }
    }
    if (error) return fail(io_error(fmt::format("cannot list {}: {}", options_.folder.native(), error.message())));
    std::ranges::sort(list.backups, {}, &Backup::id);
    return list;
}

Result<Backup> BackupStore::find(std::string_view id) const {
    const auto none = io_error(fmt::format("there is no backup {}", id));
    if (!is_id(id)) return fail("backup.not-found", none.message);
    const auto file = folder_of(id) / description_file;
    const auto content = io::read_file(file);
    if (!content && content.error().code == "io.no-file") return fail("backup.not-found", none.message);
    if (!content) return fail(content.error());
    auto backup = decode(file, *content);
    if (backup && backup->id != id) return fail(damaged(file, "is of another backup"));
    return backup;
}

Result<BackupStore::Records> BackupStore::read_chunk(const Backup& backup, std::size_t number) const {
    const BackupChunk& chunk = backup.chunks.at(number);
    const auto file = folder_of(backup.id) / chunk.file;
    const auto content = io::read_file(file, chunk_file_max);
    if (!content && content.error().code == "io.no-file") return fail(damaged(file, "is missing"));
    if (!content) return fail(content.error());
    if (content->size() != chunk.bytes || sha256_hex(*content) != chunk.sha256) {
        return fail(damaged(file, "does not have its checksum"));
    }
    Records records;
    changelog::ByteReader reader(*content);
    while (reader.left() > 0) {
        const auto key = reader.text<std::uint32_t>();
        const auto value = reader.text<std::uint32_t>();
        if (!reader.good()) return fail(damaged(file, "ends within a record"));
        records.emplace_back(key, value);
    }
    return records;
}

Result<void> BackupStore::read(const Backup& backup, const Visit& visit) const {
    std::int64_t items = 0;
    for (std::size_t chunk = 0; chunk < backup.chunks.size(); ++chunk) {
        const auto records = read_chunk(backup, chunk);
        if (!records) return fail(records.error());
        items += static_cast<std::int64_t>(records->size());
        for (const auto& [key, value] : *records) {
            if (!visit(key, value)) return {};
        }
    }
    if (items != backup.items) return fail(damaged(folder_of(backup.id), "has another number of items than it should"));
    return {};
}

Result<Backup> BackupStore::verify(std::string_view id, std::int64_t now_ms) const {
    auto backup = find(id);
    if (!backup) return backup;
    const Visit pass = [](std::string_view, std::string_view) { return true; };
    if (auto right = read(*backup, pass); !right) return fail(right.error());
    backup->verified_ms = now_ms;
    if (auto kept = io::replace_file(folder_of(id) / description_file, encode(*backup), 0600); !kept) {
        return fail(kept.error());
    }
    return backup;
}

Result<Backup> BackupStore::set_tags(std::string_view id, std::vector<std::pair<std::string, std::string>> tags) const {
    auto backup = find(id);
    if (!backup) return backup;
    backup->tags = std::move(tags);
    if (auto kept = io::replace_file(folder_of(id) / description_file, encode(*backup), 0600); !kept) {
        return fail(kept.error());
    }
    return backup;
}

Result<void> BackupStore::remove(std::string_view id) const {
    const auto folder = folder_of(id);
    if (!is_id(id)) return fail("backup.not-found", fmt::format("there is no backup {}", id));
    std::error_code error;
    // The description first: a process that is killed half-way leaves what `open` removes.
    if (!std::filesystem::remove(folder / description_file, error)) {
        if (error) return fail(io_error(fmt::format("cannot remove {}: {}", folder.native(), error.message())));
        return fail("backup.not-found", fmt::format("there is no backup {}", id));
    }
    if (auto synced = sync_folder(folder); !synced) return synced;
    std::filesystem::remove_all(folder, error);
    return {};
}

}  // namespace cloudshelf::tables
