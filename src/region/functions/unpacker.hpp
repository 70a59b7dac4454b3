#pragma once

#include "base/result.hpp"
#include "region/functions/package_reader.hpp"

#include <filesystem>
#include <set>
#include <string>
#include <string_view>

namespace cloudshelf::functions {

/// Writes a package's files below a folder that is there and empty: 0644 and 0755, whatever else the package says.
/// Errors: "functions.io", "functions.disk-full".
class Unpacker : public PackageSink {
public:
    explicit Unpacker(std::filesystem::path root) : root_(std::move(root)), folders_{root_} {}
    ~Unpacker() override;
    Unpacker(const Unpacker&) = delete;
    Unpacker& operator=(const Unpacker&) = delete;

    Result<void> folder(const std::string& path) override;
    Result<void> begin_file(const std::string& path, bool executable) override;
    Result<void> write(std::string_view bytes) override;
    Result<void> end_file() override;

    /// After the last file: makes the folders' entries durable. Files are when they end.
    Result<void> sync_folders() const;

private:
    Result<void> make_folder(const std::filesystem::path& path);

    std::filesystem::path root_;
    std::set<std::filesystem::path> folders_;
    int descriptor_ = -1;
};

/// Writes a new file, durably. Errors: as Unpacker's.
Result<void> write_file(const std::filesystem::path& path, std::string_view bytes);
/// Makes a folder's entries durable. Errors: as Unpacker's.
Result<void> sync_folder(const std::filesystem::path& folder);
/// "functions.disk-full" or "functions.io", from errno.
Error disk_error(const std::filesystem::path& path, int problem);

}  // namespace cloudshelf::functions
