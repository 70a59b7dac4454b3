#include "wire/dynamodb/stored_item.hpp"

#include "wire/dynamodb/limits.hpp"

#include <fmt/format.h>

namespace cloudshelf::dynamodb {
namespace {

constexpr char version = 1;

// ------------------------------------------------------------------------------------------------------- writing

void append_size(std::string& to, std::size_t size) {  // seven bits a byte, the lowest first
    for (; size >= 0x80; size >>= 7) to += static_cast<char>(size | 0x80);
    to += static_cast<char>(size);
}

void append_text(std::string& to, std::string_view text) {
    append_size(to, text.size());
    to += text;
}

void append_value(std::string& to, const AttributeValue& value);

void append_map(std::string& to, const Map& map) {
    append_size(to, map.size());
    for (const auto& [name, value] : map.attributes()) {
        append_text(to, name);
        append_value(to, value);
    }
}

struct Writer {
    std::string& to;
    void operator()(const std::string& text) const { append_text(to, text); }
    void operator()(const Number& number) const { number.append_stored(to); }
    void operator()(const Binary& binary) const { append_text(to, binary.bytes); }
    template <class Member>
    void operator()(const SetOf<Member>& set) const {
        append_size(to, set.members().size());
        for (const Member& member : set.members()) (*this)(member);
    }
    void operator()(const Map& map) const { append_map(to, map); }
    void operator()(const List& list) const {
        append_size(to, list.values.size());
        for (const AttributeValue& value : list.values) append_value(to, value);
    }
    void operator()(bool yes) const { to += yes ? '\1' : '\0'; }
    void operator()(Null) const {}
};

void append_value(std::string& to, const AttributeValue& value) {
    to += static_cast<char>(value.type());
    std::visit(Writer{to}, value.any());
}

// ------------------------------------------------------------------------------------------------------- reading

/// Takes things off the front. After a failure nothing more is taken and `good` stays false.
class Reader {
public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}

    bool good() const { return good_; }
    bool finished() const { return good_ && rest_.empty(); }

    void version_byte() {
        if (take(1) != std::string_view(&version, 1)) spoil();
    }

    /// A count of things that have at least a byte each, so that no count makes us reserve more than we were given.
    std::size_t count() {
        const std::size_t value = size();
        if (value > rest_.size()) spoil();
        return good_ ? value : 0;
    }

    std::string_view text() { return take(size()); }

    Map map(int level) {
        const std::size_t attributes = count();
        Map map;
        map.reserve(attributes);
        std::string_view previous;
        for (std::size_t i = 0; i < attributes && good_; ++i) {
            const std::string_view name = text();
            if (i > 0 && name <= previous) spoil();
            previous = name;
            AttributeValue read = value(level);
            if (good_) map.append(std::string(name), std::move(read));
        }
        return map;
    }

    AttributeValue value(int level) {
        if (level > nesting_max) spoil();
        const std::string_view type = take(1);
        if (type.empty()) return {};
        switch (static_cast<Type>(type[0])) {
            case Type::S:
                return std::string(text());
            case Type::N:
                return number();
            case Type::B:
                return Binary{std::string(text())};
            case Type::SS:
                return set<std::string>([&] { return std::string(text()); });
            case Type::NS:
                return set<Number>([&] { return number(); });
            case Type::BS:
                return set<Binary>([&] { return Binary{std::string(text())}; });
            case Type::M:
                return map(level + 1);
            case Type::L:
                return list(level + 1);
            case Type::BOOL:
                return boolean();
            case Type::NUL:
                return Null{};
        }
        spoil();
        return {};
    }

    void skip_value(int level) {
        if (level > nesting_max) spoil();
        const std::string_view type = take(1);
        if (type.empty()) return;
        switch (static_cast<Type>(type[0])) {
            case Type::S:
            case Type::B:
                text();
                return;
            case Type::N:
                number();
                return;
            case Type::SS:
            case Type::BS:
                skip(count(), [&] { text(); });
                return;
            case Type::NS:
                skip(count(), [&] { number(); });
                return;
            case Type::M:
                skip(count(), [&] {
                    text();
                    skip_value(level + 1);
                });
                return;
            case Type::L:
                skip(count(), [&] { skip_value(level + 1); });
                return;
            case Type::BOOL:
                boolean();
                return;
            case Type::NUL:
                return;
        }
        spoil();
    }

private:
    void spoil() {
        good_ = false;
        rest_ = {};
    }

    std::string_view take(std::size_t bytes) {
        if (bytes > rest_.size()) spoil();
        if (!good_) return {};
        const std::string_view taken = rest_.substr(0, bytes);
        rest_.remove_prefix(bytes);
        return taken;
    }

    std::size_t size() {
        std::size_t value = 0;
        for (int shift = 0; shift < 35; shift += 7) {
            const std::string_view byte = take(1);
            if (byte.empty()) return 0;
            value |= static_cast<std::size_t>(byte[0] & 0x7f) << shift;
            if ((byte[0] & 0x80) == 0) {
                if (byte[0] == 0 && shift > 0) spoil();  // the same size in more bytes than it needs
                return good_ ? value : 0;
            }
        }
        spoil();
        return 0;
    }

    Number number() {
        const auto read = Number::take_stored(rest_);
        if (!read) spoil();
        return read.value_or(Number());
    }

    bool boolean() {
        const std::string_view byte = take(1);
        if (!byte.empty() && byte[0] != 0 && byte[0] != 1) spoil();
        return byte == "\1";
    }

    List list(int level) {
        const std::size_t elements = count();
        List read;
        read.values.reserve(elements);
        for (std::size_t i = 0; i < elements && good_; ++i) read.values.push_back(value(level));
        return read;
    }

    template <class Member>
    SetOf<Member> set(auto&& member) {
        const std::size_t size_of_set = count();
        std::vector<Member> members;
        members.reserve(size_of_set);
        for (std::size_t i = 0; i < size_of_set && good_; ++i) {
            members.push_back(member());
            if (i > 0 && !(members[i - 1] < members[i])) spoil();
        }
        auto made = SetOf<Member>::of(std::move(members));
        if (!made) spoil();
        return made ? std::move(*made) : SetOf<Member>();
    }

    void skip(std::size_t times, auto&& once) {
        for (std::size_t i = 0; i < times && good_; ++i) once();
    }

    std::string_view rest_;
    bool good_ = true;
};

std::unexpected<Error> bad_item(std::string_view bytes) {
    return fail(
        "dynamodb.bad-item", fmt::format("{} stored bytes are no item of format {}", bytes.size(), int{version})
    );
}

}  // namespace

void append_item(std::string& to, const Item& item) {
    to += version;
    append_map(to, item);
}

std::string encode_item(const Item& item) {
    std::string bytes;
    bytes.reserve(size_of(item) + 8 * item.size() + 8);
    append_item(bytes, item);
    return bytes;
}

Result<Item> decode_item(std::string_view bytes) {
    Reader reader(bytes);
    reader.version_byte();
    Item item = reader.map(0);
    if (!reader.finished()) return bad_item(bytes);
    return item;
}

Result<std::optional<AttributeValue>> decode_attribute(std::string_view bytes, std::string_view name) {
    Reader reader(bytes);
    reader.version_byte();
    const std::size_t attributes = reader.count();
    for (std::size_t i = 0; i < attributes && reader.good(); ++i) {
        const std::string_view each = reader.text();
        if (!reader.good() || each > name) break;  // they are sorted
        if (each != name) {
            reader.skip_value(0);
            continue;
        }
        AttributeValue value = reader.value(0);
        if (reader.good()) return std::optional(std::move(value));
    }
    if (!reader.good()) return bad_item(bytes);
    return std::optional<AttributeValue>();
}

}  // namespace cloudshelf::dynamodb
