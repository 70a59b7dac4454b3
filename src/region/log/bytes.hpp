#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cloudshelf::changelog {

/// Writes numbers big-endian and texts after their length.
class ByteWriter {
public:
    template <std::unsigned_integral Number>
    ByteWriter& number(Number value) {
        for (int shift = 8 * (static_cast<int>(sizeof value) - 1); shift >= 0; shift -= 8) {
            bytes_ += static_cast<char>(static_cast<std::uint64_t>(value) >> shift);
        }
        return *this;
    }
    template <std::unsigned_integral Length>
    ByteWriter& text(std::string_view value) {
        return number(static_cast<Length>(value.size())).raw(value);
    }
    ByteWriter& raw(std::string_view value) {
        bytes_ += value;
        return *this;
    }
    void reserve(std::size_t bytes) { bytes_.reserve(bytes); }
    const std::string& bytes() const { return bytes_; }
    std::string take() { return std::move(bytes_); }

private:
    std::string bytes_;
};

/// Reads what a ByteWriter wrote. Once something was missing everything reads as empty and `good` is false.
class ByteReader {
public:
    explicit ByteReader(std::string_view bytes) : left_(bytes) {}

    template <std::unsigned_integral Number>
    Number number() {
        std::uint64_t value = 0;
        for (const char byte : raw(sizeof(Number))) value = value << 8 | static_cast<unsigned char>(byte);
        return static_cast<Number>(value);
    }
    template <std::unsigned_integral Length>
    std::string_view text() {
        return raw(number<Length>());
    }
    std::string_view raw(std::size_t bytes) {
        if (bytes > left_.size()) {
            good_ = false;
            left_ = {};
            return {};
        }
        const std::string_view taken = left_.substr(0, bytes);
        left_.remove_prefix(bytes);
        return taken;
    }
    std::size_t left() const { return left_.size(); }
    bool good() const { return good_; }
    /// Everything was there, and nothing more.
    bool finished() const { return good_ && left_.empty(); }

private:
    std::string_view left_;
    bool good_ = true;
};

}  // namespace cloudshelf::changelog
