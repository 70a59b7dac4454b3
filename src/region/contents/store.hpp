#pragma once

#include "base/result.hpp"
#include "region/contents/metrics.hpp"
#include "region/contents/name.hpp"
#include "region/contents/options.hpp"
#include "region/contents/pins.hpp"
#include "region/contents/reader.hpp"
#include "region/contents/writer.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

namespace cloudshelf::contents {

/// What a look at all of a content's bytes says.
enum class Health : std::uint8_t { whole, corrupt, missing };

/// What became of a content that nobody is to need any more.
enum class Removal : std::uint8_t { removed, pinned, referenced, missing };

/// Whether a file was given the newest version of its key, or had it.
enum class Rewrapped : bool { no, yes };

/// Files by their content, encrypted, in one folder. Everything blocks: call it on threads of a pool. Any number of
/// threads, one process. Errors of all: "contents.bad-name" for what is no name, "contents.io".
class Store {
public:
    /// Makes the folders and makes them durable, ends what a crash interrupted, counts what is there (one look at each
    /// file). Errors: "contents.in-use" where another process has it, "contents.keys" without a key file,
    /// "contents.io".
    static Result<std::unique_ptr<Store>> open(Options options);

    /// Whether a folder that may not be there has any content. Looks, and makes nothing.
    static Result<bool> has_contents(const std::filesystem::path& folder);

    /// A new content under the newest version of that key. Errors: "contents.no-key"; "contents.disk-full" where less
    /// than `free_bytes_min` is free.
    Result<Writer> begin(std::string_view key);

    /// Errors: "contents.missing", "contents.corrupt" (what the header shows), "contents.no-key".
    Result<Reader> open(const ContentName& name) const;

    /// For a further reference to a content that is there, as a copy makes one. Looks at the header only. Errors: those
    /// of `open`.
    Result<Pin> pin(const ContentName& name);

    /// Removes the file unless it is pinned or `is_referenced` says so, which is asked under the name's lock: it reads
    /// what is committed, and does not come back here. pins.hpp says why nothing is removed that is needed. Errors:
    /// those of `is_referenced`; then it stays.
    Result<Removal> remove_unreferenced(const ContentName& name, const std::function<Result<bool>()>& is_referenced);

    /// Reads all of it, and compares with its SHA-256. `corrupt` includes what the disk cannot read. The pages that it
    /// read are dropped from the page cache. Errors: "contents.no-key".
    Result<Health> check(const ContentName& name) const;

    /// Checks it again, and moves it to quarantine/ if it is corrupt still; there it replaces an earlier one of that
    /// name. A whole one that took its place meanwhile stays. To repair without it: `Writer::finish` with
    /// `Replace::yes`. Errors: "contents.no-key".
    Result<Health> set_aside(const ContentName& name);

    /// Gives the file a header of the newest version of its key, if it has an older one; its pieces stay. A crash at
    /// any moment leaves the old header or the new one, or a journal from which `open(Options)` puts the new one in
    /// place. Errors: those of `open`; "contents.disk-full".
    Result<Rewrapped> rewrap(const ContentName& name);
    /// The version of its key that a file has. Errors: those of `open`.
    Result<std::uint32_t> key_version(const ContentName& name) const;

    /// From now on. A file whose key is not there any more answers "contents.no-key".
    void use_keys(std::shared_ptr<const KeyFile> keys);

    /// Every file in the order of names, behind `after` where it is given, until `visit` says false. `file_bytes` is
    /// the length of the file. Names of one folder, a 256th of all, are in memory at a time. What is written or removed
    /// meanwhile may be visited or not; visited may call everything here.
    using Visit = std::function<bool(const ContentName& name, std::uint64_t file_bytes)>;
    Result<void> for_each(const Visit& visit, const std::optional<ContentName>& after = std::nullopt) const;

    Metrics metrics() const;

private:
    explicit Store(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

    std::shared_ptr<Shared> shared_;
};

}  // namespace cloudshelf::contents
