#include "region/environments/log_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cloudshelf::functions {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t collected_bytes_max = 1 << 20;  // of a function, between two writes

/// Answers how many bytes were not written.
std::uint64_t write(const fs::path& path, std::string_view text, std::uint64_t bytes_max) {
    struct stat now{};
    if (::stat(path.c_str(), &now) == 0 && static_cast<std::uint64_t>(now.st_size) + text.size() > bytes_max) {
        std::error_code ignored;
        fs::rename(path, path.string() + ".1", ignored);
    }
    text = text.substr(text.size() - std::min<std::size_t>(text.size(), bytes_max));
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (file < 0) return text.size();
    std::size_t left = text.size();
    while (left > 0) {
        const auto written = ::write(file, text.data() + text.size() - left, left);
        if (written <= 0) break;
        left -= static_cast<std::size_t>(written);
    }
    ::close(file);
    return left;
}

std::uint64_t write_all(
    const std::map<std::string, std::string, std::less<>>& texts, const fs::path& folder, std::uint64_t bytes_max
) {
    std::uint64_t dropped = 0;
    for (const auto& [function, text] : texts) dropped += write(folder / (function + ".log"), text, bytes_max);
    return dropped;
}

/// Names of functions are letters, digits, "-" and "_": whatever else comes stays within the folder.
std::string file_name(std::string_view function) {
    std::string name(function.substr(0, 140));
    for (char& c : name) {
        if (c == '/' || c == '.' || c == '\0') c = '_';
    }
    return name;
}

}  // namespace

void LogFiles::append(std::string_view function, std::string_view text) {
    auto found = collected_.find(function);
    if (found == collected_.end()) found = collected_.emplace(file_name(function), std::string()).first;
    const auto room = collected_bytes_max - found->second.size();
    found->second += text.substr(0, room);
    bytes_dropped_ += text.size() - std::min(text.size(), room);
}

io::Task<void> LogFiles::flush(io::BlockingPool* pool) {
    if (collected_.empty()) co_return;
    auto work = [texts = std::exchange(collected_, {}), folder = folder_, bytes_max = bytes_max_] {
        return write_all(texts, folder, bytes_max);
    };
    const std::uint64_t dropped = co_await pool->run(std::move(work));
    bytes_dropped_ += dropped;
}

}  // namespace cloudshelf::functions
