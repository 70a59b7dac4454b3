#include "io/blocking.hpp"
#include "io/file.hpp"
#include "region/log/json.hpp"
#include "region/log/snapshot.hpp"
#include "region/log/snapshot_file.hpp"

#include <fmt/format.h>

#include <memory>

namespace cloudshelf::changelog {

namespace {

/// One snapshot on its way here: `manifest.json` and the folder `files`.
class Fetch {
public:
    Fetch(io::HttpClient* client, FetchOptions options) : client_(client), options_(std::move(options)) {}

    io::Task<Result<Manifest>> run() {
        auto manifest = co_await begin();
        if (!manifest) co_return manifest;
        for (const SnapshotFile& file : manifest->files) {
            const auto fetched = co_await fetch(manifest->id, file);
            if (!fetched) co_return fail(fetched.error());
        }
        co_return manifest;
    }

private:
    std::filesystem::path files() const { return options_.folder / "files"; }

    io::Task<Result<io::HttpResponse>> ask(io::HttpRequest request) {
        if (!options_.secret.empty()) request.headers.emplace_back("Authorization", "Bearer " + options_.secret);
        const auto deadline = io::Deadline::after(options_.piece_limit);
        auto answer = co_await client_->send(options_.source, std::move(request), deadline);
        if (!answer || answer->status / 100 == 2) co_return answer;
        auto error = parse_error(answer->body);
        co_return fail(error ? *error : Error{.code = "log.refused", .message = std::to_string(answer->status)});
    }

    /// The snapshot that was begun, if the source still has it, or a new one.
    io::Task<Result<Manifest>> begin() {
        if (const auto kept = io::read_file(options_.folder / "manifest.json")) {
            auto begun = Manifest::parse(*kept);
            io::HttpRequest look{.target = begun ? "/log/snapshots/" + begun->id : ""};
            if (begun) {
                const auto there = co_await ask(std::move(look));
                if (there) co_return begun;
                if (there.error().code != "log.no-snapshot") co_return fail(there.error());
            }
        }
        std::error_code failed;
        std::filesystem::remove_all(options_.folder, failed);
        std::filesystem::create_directories(files(), failed);
        if (failed) co_return fail("io.write", fmt::format("{}: {}", files().string(), failed.message()));
        io::HttpRequest make{.method = "POST", .target = "/log/snapshots?replica=" + options_.replica.value()};
        const auto answer = co_await ask(std::move(make));
        if (!answer) co_return fail(answer.error());
        auto manifest = Manifest::parse(answer->body);
        if (!manifest) co_return manifest;
        const auto kept = io::replace_file(options_.folder / "manifest.json", manifest->json());
        if (!kept) co_return fail(kept.error());
        co_return manifest;
    }

    io::Task<Result<void>> fetch(std::string id, SnapshotFile file) {
        const auto path = files() / file.name;
        std::error_code none;
        std::uint64_t have = std::filesystem::exists(path, none) ? std::filesystem::file_size(path, none) : 0;
        if (have > file.bytes) {
            std::filesystem::remove(path, none);
            have = 0;
        }
        auto opened = io::AppendFile::open(path);
        if (!opened) co_return fail(opened.error());
        const auto to = std::make_shared<io::AppendFile>(std::move(*opened));
        while (have < file.bytes) {
            const std::uint64_t end = std::min<std::uint64_t>(have + options_.piece_bytes, file.bytes);
            io::HttpRequest request{.target = fmt::format("/log/snapshots/{}/{}", id, file.name)};
            request.headers.emplace_back("Range", fmt::format("bytes={}-{}", have, end - 1));
            auto piece = co_await ask(std::move(request));
            if (!piece) co_return fail(piece.error());
            if (piece->status != 206 || piece->body.size() != end - have) {
                co_return fail("log.corrupt", fmt::format("{} of {}: not the piece asked for", have, file.name));
            }
            auto append = [to, bytes = std::move(piece->body), last = end == file.bytes] {
                return to->append(bytes, last ? io::AppendFile::Sync::yes : io::AppendFile::Sync::no);
            };
            const auto appended = co_await pool_.run(std::move(append));
            if (!appended) co_return fail(appended.error());
            have = end;
        }
        auto hash = [path] { return sha256_of_file(path); };
        const auto digest = co_await pool_.run(std::move(hash));
        if (!digest) co_return fail(digest.error());
        if (*digest != file.sha256) {
            std::filesystem::remove(path, none);
            co_return fail(
                {.code = "log.corrupt", .message = file.name + " arrived altered: ask again", .retryable = true}
            );
        }
        co_return Result<void>{};
    }

    io::HttpClient* client_;
    FetchOptions options_;
    io::BlockingPool pool_{1};
};

}  // namespace

io::Task<Result<Manifest>> fetch_snapshot(io::HttpClient* client, FetchOptions options) {
    const auto fetch = std::make_unique<Fetch>(client, std::move(options));
    auto manifest = co_await fetch->run();
    co_return manifest;
}

}  // namespace cloudshelf::changelog
