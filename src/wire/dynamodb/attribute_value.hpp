#pragma once

#include "wire/dynamodb/number.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace cloudshelf::dynamodb {

/// The ten types, in the order of AttributeValue's alternatives; the values are stored on disk and never change.
enum class Type : std::uint8_t { S, N, B, SS, NS, BS, M, L, BOOL, NUL };

/// "S", "N", …, "NULL".
std::string_view to_string(Type type);
std::optional<Type> type_named(std::string_view name);

struct Attribute;
class AttributeValue;

struct Binary {
    std::string bytes;
    auto operator<=>(const Binary&) const = default;
};

/// Members sorted and different, so that equal sets have equal members. DynamoDB promises no order.
template <class Member>
class SetOf {
public:
    SetOf() = default;
    /// Nothing where a member is there twice. May be empty, which DynamoDB refuses to store (see json.hpp).
    static std::optional<SetOf> of(std::vector<Member> members);

    const std::vector<Member>& members() const { return members_; }
    bool contains(const Member& member) const;
    void add(const SetOf& others);
    void remove(const SetOf& others);
    bool operator==(const SetOf&) const = default;

private:
    std::vector<Member> members_;
};
using StringSet = SetOf<std::string>;
using NumberSet = SetOf<Number>;
using BinarySet = SetOf<Binary>;
extern template class SetOf<std::string>;
extern template class SetOf<Number>;
extern template class SetOf<Binary>;

/// Attributes by name, kept sorted in one block: an item, or a value of type M.
class Map {
public:
    Map() noexcept;
    Map(const Map& other);
    Map(Map&& other) noexcept;
    Map& operator=(const Map& other);
    Map& operator=(Map&& other) noexcept;
    ~Map();
    /// In any order; of two with one name, nothing is kept and nothing comes back.
    static std::optional<Map> of(std::vector<Attribute> attributes);

    const AttributeValue* find(std::string_view name) const;
    AttributeValue* find(std::string_view name);
    /// Adds or replaces.
    AttributeValue& set(std::string_view name, AttributeValue value);
    void erase(std::string_view name);
    /// Adds after all others; the caller knows that `name` sorts behind them (decoders do).
    void append(std::string name, AttributeValue value);
    void reserve(std::size_t count);

    bool empty() const { return size() == 0; }
    std::size_t size() const;
    /// In order of their names' bytes.
    const std::vector<Attribute>& attributes() const { return attributes_; }
    bool operator==(const Map& other) const;

private:
    std::vector<Attribute> attributes_;
};
using Item = Map;

struct List {
    List() noexcept;
    List(const List& other);
    List(List&& other) noexcept;
    List& operator=(const List& other);
    List& operator=(List&& other) noexcept;
    explicit List(std::vector<AttributeValue> elements) noexcept;
    ~List();
    std::vector<AttributeValue> values;
    bool operator==(const List& other) const;
};

struct Null {
    bool operator==(const Null&) const = default;
};

/// One value of any type, 40 bytes plus what it owns. Equality is DynamoDB's: same type, same value, sets by members.
class AttributeValue {
public:
    using Any = std::variant<std::string, Number, Binary, StringSet, NumberSet, BinarySet, Map, List, bool, Null>;

    template <class T>
    static constexpr bool is_alternative =
        (std::is_same_v<T, std::string> || std::is_same_v<T, Number> || std::is_same_v<T, Binary> ||
         std::is_same_v<T, StringSet> || std::is_same_v<T, NumberSet> || std::is_same_v<T, BinarySet> ||
         std::is_same_v<T, Map> || std::is_same_v<T, List> || std::is_same_v<T, bool> || std::is_same_v<T, Null>);

    AttributeValue() : value_(Null{}) {}
    template <class T>
        requires is_alternative<std::remove_cvref_t<T>>
    AttributeValue(T&& value) : value_(std::in_place_type<std::remove_cvref_t<T>>, std::forward<T>(value)) {}
    AttributeValue(const char* text) : value_(std::in_place_type<std::string>, text) {}
    AttributeValue(std::string_view text) : value_(std::in_place_type<std::string>, text) {}

    Type type() const { return static_cast<Type>(value_.index()); }
    bool is(Type wanted) const { return type() == wanted; }

    /// The value if it is a std::string (S), Number (N), Binary (B), … else null.
    template <class T>
    const T* get() const {
        return std::get_if<T>(&value_);
    }
    template <class T>
    T* get() {
        return std::get_if<T>(&value_);
    }
    const Any& any() const { return value_; }

    bool operator==(const AttributeValue& other) const;

private:
    Any value_;
};

struct Attribute {
    std::string name;
    AttributeValue value;
    bool operator==(const Attribute&) const = default;
};

// Here, where their elements are complete.
inline Map::Map() noexcept = default;
inline Map::Map(const Map& other) = default;
inline Map::Map(Map&& other) noexcept = default;
inline Map& Map::operator=(const Map& other) = default;
inline Map& Map::operator=(Map&& other) noexcept = default;
inline Map::~Map() = default;
inline std::size_t Map::size() const {
    return attributes_.size();
}
inline List::List() noexcept = default;
inline List::List(const List& other) = default;
inline List::List(List&& other) noexcept = default;
inline List& List::operator=(const List& other) = default;
inline List& List::operator=(List&& other) noexcept = default;
inline List::~List() = default;
inline List::List(std::vector<AttributeValue> elements) noexcept : values(std::move(elements)) {}

/// The order DynamoDB has within S (bytes), N and B; nothing between other types or different ones.
std::optional<std::strong_ordering> compare(const AttributeValue& left, const AttributeValue& right);

}  // namespace cloudshelf::dynamodb
