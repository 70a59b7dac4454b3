#pragma once

#include "base/random.hpp"
#include "wire/dynamodb/json.hpp"
#include "wire/dynamodb/placeholders.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

/// What the tests of this folder share: values written as JSON, and random ones.
namespace cloudshelf::dynamodb {

inline AttributeValue value_of(std::string_view json) {
    auto value = read_value(parse_body(json).value());
    EXPECT_TRUE(value) << json << ": " << value.error().message;
    return value.value_or(AttributeValue());
}

inline Item item_of(std::string_view json) {
    auto item = read_item(parse_body(json).value());
    EXPECT_TRUE(item) << json << ": " << item.error().message;
    return item.value_or(Item());
}

/// From `{"#n": "name"}` and `{":v": {"S": "x"}}`; empty texts for neither.
inline Placeholders placeholders_of(std::string_view names, std::string_view values) {
    boost::json::value names_json, values_json;
    if (!names.empty()) names_json = boost::json::parse({names.data(), names.size()});
    if (!values.empty()) values_json = boost::json::parse({values.data(), values.size()});
    auto read = Placeholders::read(&names_json, &values_json);
    EXPECT_TRUE(read) << names << values;
    return read.value_or(Placeholders());
}

inline std::string random_bytes(Random& random, std::uint64_t size_max) {
    std::string bytes;
    for (auto size = random.below(size_max + 1); size > 0; --size) {
        bytes += static_cast<char>(random.below(4) == 0 ? (random.below(2) == 0 ? 0 : 255) : random.below(256));
    }
    return bytes;
}

inline std::string random_name(Random& random) {
    return std::string(1, static_cast<char>('a' + random.below(6))) + (random.below(3) == 0 ? "x" : "");
}

inline Number random_number(Random& random) {
    Number number(static_cast<std::int64_t>(random.next() >> random.below(64)) * (random.below(2) == 0 ? 1 : -1));
    return number;
}

inline AttributeValue random_value(Random& random, int levels) {
    const auto members = [&](auto&& make) {
        std::vector<decltype(make())> all;
        for (auto size = 1 + random.below(4); size > 0; --size) {
            auto each = make();
            if (std::find(all.begin(), all.end(), each) == all.end()) all.push_back(std::move(each));
        }
        return *SetOf<decltype(make())>::of(std::move(all));
    };
    switch (random.below(levels > 0 ? 10 : 8)) {
        case 0:
            return random_name(random);
        case 1:
            return random_number(random);
        case 2:
            return Binary{random_bytes(random, 12)};
        case 3:
            return members([&] { return random_name(random); });
        case 4:
            return members([&] { return random_number(random); });
        case 5:
            return members([&] { return Binary{random_bytes(random, 4)}; });
        case 6:
            return random.below(2) == 0;
        case 7:
            return Null{};
        case 8: {
            Map map;
            for (auto size = random.below(4); size > 0; --size)
                map.set(random_name(random), random_value(random, levels - 1));
            return map;
        }
        default: {
            List list;
            for (auto size = random.below(4); size > 0; --size) list.values.push_back(random_value(random, levels - 1));
            return list;
        }
    }
}

inline Item random_item(Random& random) {
    Item item;
    for (auto size = random.below(7); size > 0; --size) item.set(random_name(random), random_value(random, 3));
    return item;
}

}  // namespace cloudshelf::dynamodb
