#pragma once

#include "base/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace cloudshelf::io {

/// The whole file. Errors: "io.no-file", "io.read", "io.too-large".
Result<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_max = 64 << 20);

/// Replaces a file so that a crash at any moment leaves the old or the new content: writes beside it, fsyncs, renames,
/// fsyncs the folder. Errors: "io.write", "io.disk-full".
Result<void> replace_file(const std::filesystem::path& path, std::string_view content, unsigned mode = 0644);

/// Appends and, when asked, fdatasyncs. One open descriptor per object. A failed sync closes it for good: no later
/// success may be reported for that file (fsyncgate, reliability.md R20).
class AppendFile {
public:
    AppendFile() = default;
    ~AppendFile();
    AppendFile(AppendFile&& other) noexcept;
    AppendFile& operator=(AppendFile&& other) noexcept;

    static Result<AppendFile> open(const std::filesystem::path& path, unsigned mode = 0644);
    enum class Sync : bool { no, yes };
    Result<void> append(std::string_view bytes, Sync sync);

private:
    int descriptor_ = -1;
};

}  // namespace cloudshelf::io
