#include "region/log/snapshot.hpp"

#include "base/digest.hpp"
#include "io/file.hpp"
#include "region/log/json.hpp"
#include "region/log/snapshot_file.hpp"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cloudshelf::changelog {

namespace {

/// Only a name, no way out of the folder.
bool is_plain_name(std::string_view name) {
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    return !name.empty() && name.size() < 200 && name.front() != '.' &&
           name.find_first_not_of(allowed) == std::string_view::npos;
}

struct Descriptor {
    explicit Descriptor(const std::filesystem::path& path) : number(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
    ~Descriptor() {
        if (number >= 0) ::close(number);
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    int number;
};

std::unexpected<Error> unreadable(const std::filesystem::path& path) {
    return fail("io.read", fmt::format("{} cannot be read", path.string()));
}

}  // namespace

Result<std::string> sha256_of_file(const std::filesystem::path& path) {
    const Descriptor file(path);
    struct stat status{};
    if (file.number < 0 || ::fstat(file.number, &status) != 0) return unreadable(path);
    const auto bytes = static_cast<std::size_t>(status.st_size);
    if (bytes == 0) return sha256_hex("");
    void* const mapped = ::mmap(nullptr, bytes, PROT_READ, MAP_PRIVATE, file.number, 0);
    if (mapped == MAP_FAILED) return unreadable(path);
    ::madvise(mapped, bytes, MADV_SEQUENTIAL);
    std::string digest = sha256_hex({static_cast<const char*>(mapped), bytes});
    ::munmap(mapped, bytes);
    return digest;
}

std::string Manifest::json() const {
    boost::json::array list;
    for (const SnapshotFile& file : files) {
        list.push_back({{"name", file.name}, {"bytes", file.bytes}, {"sha256", file.sha256}});
    }
    return boost::json::serialize(boost::json::object{
        {"id", id},
        {"region", region.value()},
        {"log", to_json(identity)},
        {"at_least", at_least.value()},
        {"files", std::move(list)}
    });
}

Result<Manifest> Manifest::parse(std::string_view text) {
    const auto bad = [](const char* what) { return fail("log.bad-manifest", std::string("a manifest ") + what); };
    const auto object = parse_object(text);
    if (!object) return bad("is no JSON object");
    const auto* const log = object->if_contains("log");
    const auto* const files = object->if_contains("files");
    if (log == nullptr || !log->is_object() || files == nullptr || !files->is_array()) return bad("lacks members");
    auto identity = identity_in(log->as_object());
    if (!identity) return fail(identity.error());
    Manifest manifest{
        .id = text_in(*object, "id"),
        .region = RegionName(text_in(*object, "region")),
        .identity = std::move(*identity),
        .at_least = Position(number_in(*object, "at_least"))
    };
    if (!is_plain_name(manifest.id)) return bad("has no id");
    for (const auto& item : files->as_array()) {
        if (!item.is_object()) return bad("has a file that is none");
        const auto& file = item.as_object();
        manifest.files.push_back(
            {.name = text_in(file, "name"), .bytes = number_in(file, "bytes"), .sha256 = text_in(file, "sha256")}
        );
        if (!is_plain_name(manifest.files.back().name)) return bad("has a file with a name that is none");
        if (manifest.files.back().sha256.size() != 64) return bad("has a file without SHA-256");
    }
    return manifest;
}

SnapshotStore::SnapshotStore(std::filesystem::path folder, std::size_t keep_max)
    : folder_(std::move(folder)), keep_max_(std::max<std::size_t>(keep_max, 1)) {
    std::error_code failed;
    std::vector<std::pair<std::filesystem::file_time_type, Manifest>> found;
    for (const auto& item : std::filesystem::directory_iterator(folder_, failed)) {
        if (item.path().extension() != ".json") continue;
        const auto text = io::read_file(item.path());
        auto manifest = text ? Manifest::parse(*text) : fail(text.error());
        if (manifest) found.emplace_back(item.last_write_time(failed), std::move(*manifest));
    }
    std::ranges::sort(found, {}, &std::pair<std::filesystem::file_time_type, Manifest>::first);
    for (auto& [at, manifest] : found) kept_.push_back(std::move(manifest));
    // What has no manifest was being made, or taken away, when the process ended.
    for (const auto& item : std::filesystem::directory_iterator(folder_, failed)) {
        if (item.is_directory(failed) && !find(item.path().filename().string())) {
            std::filesystem::remove_all(item.path(), failed);
        }
    }
}

Result<Manifest> SnapshotStore::make(ChangeLog* log) {
    while (kept_.size() >= keep_max_) {
        const std::string oldest = kept_.front().id;
        remove(oldest);
    }
    std::error_code failed;
    std::filesystem::create_directories(folder_, failed);
    Manifest manifest{.id = draw_log_id().value(), .region = log->options().region};
    const auto checkpoint = log->checkpoint(folder_ / manifest.id);
    if (!checkpoint) return fail(checkpoint.error());
    manifest.identity = checkpoint->identity;
    manifest.at_least = checkpoint->at_least;
    for (const auto& item : std::filesystem::directory_iterator(folder_ / manifest.id, failed)) {
        const auto digest = sha256_of_file(item.path());
        if (!digest) return fail(digest.error());
        manifest.files.push_back(
            {.name = item.path().filename().string(), .bytes = item.file_size(failed), .sha256 = *digest}
        );
    }
    if (failed) return unreadable(folder_ / manifest.id);
    const auto kept = io::replace_file(folder_ / (manifest.id + ".json"), manifest.json());
    if (!kept) return fail(kept.error());
    kept_.push_back(manifest);
    return manifest;
}

Result<Manifest> SnapshotStore::find(std::string_view id) const {
    const auto found = std::ranges::find(kept_, id, &Manifest::id);
    if (found == kept_.end()) return fail("log.no-snapshot", fmt::format("there is no snapshot \"{}\"", id));
    return *found;
}

Result<std::string> SnapshotStore::read(
    std::string_view id, std::string_view name, std::uint64_t offset, std::size_t bytes_max
) const {
    const auto manifest = find(id);
    if (!manifest) return fail(manifest.error());
    const auto listed = std::ranges::find(manifest->files, name, &SnapshotFile::name);
    if (listed == manifest->files.end()) return fail("log.no-snapshot", fmt::format("it has no file \"{}\"", name));
    const std::filesystem::path path = folder_ / manifest->id / listed->name;
    const Descriptor file(path);
    if (file.number < 0 || offset > listed->bytes) return unreadable(path);
    std::string bytes(std::min<std::uint64_t>(bytes_max, listed->bytes - offset), '\0');
    std::size_t done = 0;
    while (done < bytes.size()) {
        const auto got =
            ::pread(file.number, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
        if (got <= 0) return unreadable(path);
        done += static_cast<std::size_t>(got);
    }
    return bytes;
}

void SnapshotStore::remove(std::string_view id) {
    const auto found = std::ranges::find(kept_, id, &Manifest::id);
    if (found == kept_.end()) return;
    std::error_code failed;
    std::filesystem::remove(folder_ / (found->id + ".json"), failed);
    std::filesystem::remove_all(folder_ / found->id, failed);
    kept_.erase(found);
}

}  // namespace cloudshelf::changelog
