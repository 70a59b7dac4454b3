#include "region/contents/key_file.hpp"

#include "base/assert.hpp"
#include "region/contents/errors.hpp"
#include "region/contents/file.hpp"
#include "region/contents/name.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <optional>
#include <sys/stat.h>
#include <unistd.h>

namespace cloudshelf::contents {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t text_bytes_max = 1 << 20;
constexpr std::size_t encoded_bytes = 44;  // base64 of 32 bytes

Error bad_keys(const fs::path& path, std::string_view why) {
    return {.code = "contents.keys", .message = fmt::format("{}: {}", path.native(), why)};
}
Error bad_line(const fs::path& path, int line, std::string_view why) {
    return {.code = "contents.keys", .message = fmt::format("{}:{}: {}", path.native(), line, why)};
}

/// Text with keys in it: wiped when it goes, and never moved to a larger place, which would leave a copy behind.
class SecretText {
public:
    explicit SecretText(std::size_t bytes_max) { text_.reserve(bytes_max); }
    ~SecretText() { OPENSSL_cleanse(text_.data(), text_.capacity()); }
    SecretText(const SecretText&) = delete;
    SecretText& operator=(const SecretText&) = delete;

    void add(std::string_view bytes) {
        CLOUDSHELF_ASSERT(text_.size() + bytes.size() <= text_.capacity());
        text_.append(bytes);
    }
    void resize(std::size_t bytes) { text_.resize(bytes); }
    char* data() { return text_.data(); }
    std::string_view view() const { return text_; }

private:
    std::string text_;
};

/// base/base64.hpp leaves copies in memory, which is right for everything but keys.
std::optional<Secret> decode(std::string_view text) {
    unsigned char decoded[encoded_bytes / 4 * 3];
    unsigned char again[encoded_bytes + 1];
    if (text.size() != encoded_bytes) return std::nullopt;
    const int size = EVP_DecodeBlock(decoded, reinterpret_cast<const unsigned char*>(text.data()), encoded_bytes);
    bool good = size == sizeof decoded;
    if (good) {  // spare bits, and "=" where they do not belong
        EVP_EncodeBlock(again, decoded, key_bytes);
        good = CRYPTO_memcmp(again, text.data(), encoded_bytes) == 0;
    }
    Secret secret;
    if (good) std::copy_n(decoded, key_bytes, secret.data());
    OPENSSL_cleanse(decoded, sizeof decoded);
    OPENSSL_cleanse(again, sizeof again);
    if (!good) return std::nullopt;
    return secret;
}

void add_line(SecretText& text, std::string_view name, std::uint32_t version, const Secret& key) {
    unsigned char encoded[encoded_bytes + 1];
    EVP_EncodeBlock(encoded, key.data(), key_bytes);
    text.add(name);
    text.add(fmt::format(" {} ", version));
    text.add({reinterpret_cast<const char*>(encoded), encoded_bytes});
    text.add("\n");
    OPENSSL_cleanse(encoded, sizeof encoded);
}

Result<void> load(const fs::path& path, SecretText& text) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return fail(io_failed(path.native(), "cannot be opened", errno));
    struct ::stat found{};
    if (::fstat(file.get(), &found) != 0) return fail(io_failed(path.native(), "cannot be looked at", errno));
    if ((found.st_mode & 077) != 0) return fail(bad_keys(path, "others may read it: chmod 600"));
    if (found.st_size < 0 || static_cast<std::size_t>(found.st_size) > text_bytes_max) {
        return fail(bad_keys(path, "is larger than a megabyte"));
    }
    std::size_t size = static_cast<std::size_t>(found.st_size);
    text.resize(size);
    if (const int number = read_all_at(file.get(), text.data(), size, 0); number != 0) {
        return fail(io_failed(path.native(), "cannot be read", number));
    }
    text.resize(size);
    return {};
}

/// Under its name only when it is durable; `flags` as link or rename take it: RENAME_NOREPLACE to leave what is there.
Result<void> save(const fs::path& path, std::string_view text, unsigned flags) {
    const std::string beside = path.native() + ".new";
    ::unlink(beside.c_str());  // of a process that was killed
    Descriptor file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) return fail(io_failed(beside, "cannot be created", errno));
    int number = write_all(file.get(), text);
    if (number == 0 && ::fsync(file.get()) != 0) number = errno;
    file.close();
    if (number == 0 && ::renameat2(AT_FDCWD, beside.c_str(), AT_FDCWD, path.c_str(), flags) != 0) number = errno;
    if (number != 0) {
        ::unlink(beside.c_str());
        if (number == EEXIST) return fail(bad_keys(path, "is there already: keys are never written over"));
        return fail(io_failed(path.native(), "cannot be written", number));
    }
    const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
    if (number = sync_folder(folder); number != 0) {
        return fail(io_failed(folder.native(), "cannot be fsynced", number));
    }
    return {};
}

std::string_view next_word(std::string_view& line) {
    const auto begin = line.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return {};
    line.remove_prefix(begin);
    const std::string_view word = line.substr(0, line.find_first_of(" \t\r"));
    line.remove_prefix(word.size());
    return word;
}

}  // namespace

Result<KeyFile> KeyFile::parse(std::string_view text, const fs::path& path) {
    KeyFile file;
    for (int number = 1; !text.empty(); ++number) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const std::string_view name = next_word(line);
        if (name.empty() || name.starts_with('#')) continue;
        const std::string_view version_text = next_word(line);
        const std::string_view encoded = next_word(line);
        // What is wrong is told, never what is there: a key in the wrong column must not get into a log.
        if (!is_key_name(name)) return fail(bad_line(path, number, "the name is not 1 to 64 of A-Z a-z 0-9 _ -"));
        std::uint32_t version = 0;
        const char* const end = version_text.data() + version_text.size();
        const auto [stopped, wrong] = std::from_chars(version_text.data(), end, version);
        if (wrong != std::errc() || stopped != end || version == 0) {
            return fail(bad_line(path, number, "the version is not a number from 1 on"));
        }
        auto key = decode(encoded);
        if (!key) return fail(bad_line(path, number, "the key is not the base64 of 32 bytes"));
        if (!next_word(line).empty()) return fail(bad_line(path, number, "there is something behind the key"));
        if (!file.keys_[std::string(name)].emplace(version, std::move(*key)).second) {
            return fail(bad_line(path, number, fmt::format("{} {} is there twice", name, version)));
        }
    }
    return file;
}

Result<KeyFile> KeyFile::create(const fs::path& path, const std::vector<std::string>& names) {
    SecretText text(text_bytes_max);
    text.add(
        "# Keys of this region's contents: name, version, 32 bytes in base64. Without them every content is lost.\n"
    );
    for (const auto& name : names) {
        if (!is_key_name(name)) return fail(bad_keys(path, "a name is not 1 to 64 of A-Z a-z 0-9 _ -"));
        add_line(text, name, 1, Secret::random());
    }
    auto file = parse(text.view(), path);
    if (!file) return file;
    if (auto saved = save(path, text.view(), RENAME_NOREPLACE); !saved) return fail(std::move(saved.error()));
    return file;
}

Result<KeyFile> KeyFile::read(const fs::path& path) {
    SecretText text(text_bytes_max);
    if (auto loaded = load(path, text); !loaded) return fail(std::move(loaded.error()));
    return parse(text.view(), path);
}

Result<KeyFile> KeyFile::rotate(const fs::path& path, std::string_view name) {
    SecretText text(text_bytes_max + 256);
    if (auto loaded = load(path, text); !loaded) return fail(std::move(loaded.error()));
    auto file = parse(text.view(), path);
    if (!file) return file;
    if (!is_key_name(name)) return fail(bad_keys(path, "the name is not 1 to 64 of A-Z a-z 0-9 _ -"));
    const std::uint32_t version = file->newest(name).number + 1;
    auto key = Secret::random();
    if (!text.view().empty() && !text.view().ends_with('\n')) text.add("\n");
    add_line(text, name, version, key);
    file = parse(text.view(), path);
    if (!file) return file;
    if (auto saved = save(path, text.view(), 0); !saved) return fail(std::move(saved.error()));
    return file;
}

KeyFile::Version KeyFile::newest(std::string_view name) const {
    const auto found = keys_.find(name);
    if (found == keys_.end()) return {};
    const auto& [number, key] = *found->second.rbegin();
    return {.number = number, .key = &key};
}

const Secret* KeyFile::find(std::string_view name, std::uint32_t version) const {
    const auto found = keys_.find(name);
    if (found == keys_.end()) return nullptr;
    const auto of_version = found->second.find(version);
    return of_version == found->second.end() ? nullptr : &of_version->second;
}

std::vector<std::string> KeyFile::names() const {
    std::vector<std::string> names;
    for (const auto& [name, versions] : keys_) names.push_back(name);
    return names;
}

}  // namespace cloudshelf::contents
