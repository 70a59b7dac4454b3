#pragma once

#include "base/result.hpp"
#include "region/contents/cipher.hpp"
#include "region/contents/file.hpp"
#include "region/contents/header.hpp"
#include "region/contents/pins.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace cloudshelf::contents {

struct Shared;

/// What `finish` does when the content is there already. `no`: it keeps the file that is there, if its header and its
/// length are right. `yes`: it puts the new one in its place, as a repair wants it.
enum class Replace : bool { no, yes };

struct FinishOptions {
    std::optional<std::string> expected_sha256;  // of the plain bytes, 64 hexadecimal digits, lower case
    Replace replace = Replace::no;
};

struct Stored {
    ContentName name;
    std::uint64_t length = 0;  // plain bytes
    Pin pin;                   // hold it until the reference is committed
};

/// Writes one content. Up to 256 KiB stay in memory until `finish`, which then takes one write; what is longer is
/// encrypted and written as it comes, with 512 KiB of memory. For one thread at a time. When it is destroyed without
/// having been finished, nothing is left.
class Writer {
public:
    Writer(Writer&&) noexcept = default;
    Writer& operator=(Writer&&) noexcept = delete;
    ~Writer();

    /// Pieces of any size. Errors: "contents.disk-full", "contents.io"; nothing is left then, and each later call
    /// answers the same.
    Result<void> append(std::string_view bytes);

    /// Durable under its name when it answers: file fdatasynced, renamed, folder fsynced. Once only. A failed fsync is
    /// never tried again (what it was to write may be gone from memory): the file is dropped. Errors: those of
    /// `append`; "contents.mismatch" where the bytes are not the expected ones. In each case nothing is left.
    Result<Stored> finish(const FinishOptions& options = {});

    std::uint64_t length() const { return length_; }

private:
    friend class Store;
    Writer(std::shared_ptr<Shared> shared, std::string key);

    Result<void> create();
    Result<void> write_piece(std::string_view plain, Last last);
    Result<void> write_last(const Header& header);
    Result<void> sync();
    Result<std::optional<Stored>> find_existing(const ContentName& name);
    Result<Stored> put_in_place(const ContentName& name, Replace replace);
    Stored stored(const ContentName& name) const;
    std::unexpected<Error> give_up(Error error);
    void drop();

    std::shared_ptr<Shared> shared_;
    Header header_;
    std::string prologue_;
    Secret data_key_ = Secret::random();
    Sealer sealer_;
    Sha256 digest_;
    std::uint64_t length_ = 0;
    std::uint64_t pieces_ = 0;   // written
    std::uint64_t started_ = 0;  // bytes of the file that the disk was told to begin with
    std::string waiting_;        // plain, at most a piece: which one is the last is known only at the end
    std::string sealed_;
    Descriptor file_;
    std::string tmp_;  // its name in tmp/; empty: there is none
    std::optional<Error> failed_;
};

}  // namespace cloudshelf::contents
