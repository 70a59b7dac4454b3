#pragma once

#include "base/result.hpp"
#include "region/functions/package_reader.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace cloudshelf::functions {

/// A package on the disk; it stays there as long as somebody holds this.
struct Package {
    std::string digest;  // SHA-256 of the zip, 64 hexadecimal digits
    std::uint64_t zip_bytes = 0;
    std::filesystem::path zip;
    std::filesystem::path root;  // where it is unpacked
};
using PackagePtr = std::shared_ptr<const Package>;

/// Packages by their digests: each is kept as it came, and unpacked once. A package is there whole or not at all: it is
/// made beside the others, made durable, and renamed. Any thread; all of these wait for the disk.
///
///   DIR/<digest>/package.zip     DIR/<digest>/root/…
class PackageStore {
public:
    struct Options {
        std::filesystem::path folder;
        PackageLimits limits;
        std::uint64_t free_bytes_min = 64ull << 20;  // of the disk: below this, no package is taken
    };

    /// Removes what a crash has left half made. Errors: "functions.io".
    static Result<std::unique_ptr<PackageStore>> open(Options options);

    /// Durable when it answers. Errors: "functions.bad-package", "functions.disk-full", "functions.io".
    Result<PackagePtr> add(std::string_view zip);
    /// Null: it is not there.
    PackagePtr find(const std::string& digest);
    /// Removes what is neither named nor held, now and at the call before, and was not asked for in between: `kept` may
    /// be a little old. Answers how many. What cannot be removed is tried again next time.
    std::size_t collect(const std::set<std::string, std::less<>>& kept);

private:
    explicit PackageStore(Options options) : options_(std::move(options)) {}
    PackagePtr hold(const std::string& digest);
    bool is_free(const std::string& digest);
    std::filesystem::path fresh_folder(std::string_view prefix);
    Result<void> make(const std::filesystem::path& folder, std::string_view zip) const;

    Options options_;
    std::mutex mutex_;  // of what follows, and of what the digests' folders are
    std::map<std::string, std::weak_ptr<const Package>, std::less<>> held_;
    std::set<std::string, std::less<>> marked_;  // to be removed, if nobody asks for them until the next time
    std::uint64_t next_ = 0;
};

}  // namespace cloudshelf::functions
