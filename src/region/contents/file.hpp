#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

/// What io/file.hpp does not have: parts of files, and errors of this module's.
namespace cloudshelf::contents {

/// An open file, closed when it goes.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    ~Descriptor() { close(); }
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    explicit operator bool() const { return number_ >= 0; }
    int get() const { return number_; }
    void close();

private:
    int number_ = -1;
};

/// Each of these answers 0 or an errno.
int write_all(int descriptor, std::string_view bytes);
int write_all_at(int descriptor, std::string_view bytes, std::uint64_t offset);
/// Until `size` bytes or the file's end; `size` becomes how many there were.
int read_all_at(int descriptor, char* to, std::size_t& size, std::uint64_t offset);

/// That an entry was added to a folder, or removed from it, is durable only then. Answers 0 or an errno.
int sync_folder(const std::filesystem::path& folder);

}  // namespace cloudshelf::contents
