#include "wire/dynamodb/errors.hpp"
#include "wire/dynamodb/expression.hpp"
#include "wire/dynamodb/json.hpp"
#include "wire/dynamodb/key.hpp"
#include "wire/dynamodb/limits.hpp"
#include "wire/dynamodb/stored_item.hpp"
#include "wire/dynamodb/support_test.hpp"

#include <gtest/gtest.h>

#include <random>

namespace cloudshelf::dynamodb {
namespace {

std::string reading(std::string_view json) {
    const auto value = read_value(parse_body(json).value());
    return value ? to_json(*value) : value.error().code + ": " + value.error().message;
}

std::string parsing(std::string_view text) {
    const auto body = parse_body(text);
    return body ? "good" : body.error().code;
}

std::string nested(int levels) {  // lists in lists
    std::string text;
    for (int i = 0; i < levels; ++i) text += R"({"L":[)";
    text += R"({"N":"1"})";
    for (int i = 0; i < levels; ++i) text += "]}";
    return text;
}

// Goal: all ten types go through JSON and come back canonical. Method: a table.
TEST(Json, AllTypes) {
    for (const std::string_view same :
         {R"({"S":"a \" \\ \n \u0001 ä"})",
          R"({"S":""})",
          R"({"N":"-1.5"})",
          R"({"B":"AP8="})",
          R"({"SS":["","a","b"]})",
          R"({"NS":["-1","2"]})",
          R"({"BS":["AA==","AAA="]})",
          R"({"M":{"a":{"S":"x"},"b":{"M":{}}}})",
          R"({"L":[{"BOOL":false},{"NULL":true},{"L":[]}]})",
          R"({"BOOL":true})"}) {
        EXPECT_EQ(reading(same), same);
    }
    EXPECT_EQ(reading(R"({"NS":["2","1.0"]})"), R"({"NS":["1","2"]})");
    EXPECT_EQ(reading(R"({"S":"x","N":null})"), R"({"S":"x"})");
}

TEST(Json, RefusesWhatDynamodbRefuses) {
    const std::string invalid = "ValidationException: One or more parameter values were invalid: ";
    const std::string supplied = "ValidationException: Supplied AttributeValue ";
    EXPECT_EQ(reading("{}"), supplied + "is empty, must contain exactly one of the supported datatypes");
    EXPECT_EQ(reading(R"({"X":"y"})"), supplied + "is empty, must contain exactly one of the supported datatypes");
    EXPECT_EQ(
        reading(R"({"S":"a","N":"1"})"),
        supplied + "has more than one datatypes set, must contain exactly one of the supported datatypes"
    );
    EXPECT_EQ(reading(R"({"SS":[]})"), invalid + "An string set  may not be empty");
    EXPECT_EQ(reading(R"({"NS":[]})"), invalid + "An number set  may not be empty");
    EXPECT_EQ(reading(R"({"BS":[]})"), invalid + "Binary sets should not be empty");
    EXPECT_EQ(reading(R"({"SS":["a","b","a"]})"), invalid + "Input collection [a, b, a] contains duplicates.");
    EXPECT_EQ(reading(R"({"NS":["1","1.0"]})"), "ValidationException: Input collection contains duplicates");
    EXPECT_EQ(
        reading(R"({"BS":["AA==","AA=="]})"), invalid + "Input collection [AA==, AA==]of type BS contains duplicates."
    );
    EXPECT_EQ(reading(R"({"NULL":false})"), invalid + "Null attribute value types must have the value of true");
    EXPECT_EQ(reading(R"({"N":"x"})"), "ValidationException: The parameter cannot be converted to a numeric value: x");
    EXPECT_EQ(
        reading(R"({"M":{"":{"S":"x"}}})"),
        "ValidationException: One or more parameter values were invalid: An attribute name must not be empty"
    );
    EXPECT_EQ(reading(R"({"S":1})"), "SerializationException: NUMBER_VALUE cannot be converted to String");
    EXPECT_EQ(reading(R"({"S":true})"), "SerializationException: TRUE_VALUE cannot be converted to String");
    EXPECT_EQ(reading(R"({"S":[]})"), "SerializationException: Start of list found where not expected");
    EXPECT_EQ(reading(R"({"BOOL":"x"})"), "SerializationException: STRING_VALUE cannot be converted to Boolean");
    EXPECT_EQ(reading(R"({"M":[]})"), "SerializationException: Unexpected field type");
    EXPECT_EQ(
        reading(R"({"B":"abc"})"),
        "SerializationException: 'abc' can not be converted to a Blob: Base64 encoded length is expected a multiple of "
        "4 bytes "
        "but found: 3"
    );
    EXPECT_EQ(
        reading(R"({"B":"a_c="})"),
        "SerializationException: 'a_c=' can not be converted to a Blob: Invalid Base64 character: '_'"
    );
    EXPECT_EQ(reading(nested(32)), nested(32));
    EXPECT_EQ(reading(nested(33)), "ValidationException: Nesting Levels have exceeded supported limits");
}

TEST(Json, BodiesAreStrict) {
    EXPECT_EQ(parsing(R"({"a":1,"b":{"a":[]}})"), "good");
    EXPECT_EQ(parsing(R"({"a":1,"a":1})"), "SerializationException");
    EXPECT_EQ(parsing(R"({"a":{"b":[{"c":1,"d":2,"c":3}]}})"), "SerializationException");
    EXPECT_EQ(parsing(R"({"a":1,"\u0061":1})"), "SerializationException");  // the same key, written otherwise
    EXPECT_EQ(parsing(R"({"1":0,"2":0,"3":0,"4":0,"5":0,"6":0,"7":0,"8":0,"9":0,"3":0})"), "SerializationException");
    EXPECT_EQ(parsing(R"([{"a":1},{"a":1}])"), "good");
    EXPECT_EQ(parsing(R"({"a":{"x":1},"b":{"x":1},"x":{}})"), "good");
    for (const std::string_view bad :
         {"", "{", "hi", "{}}", "{} {}", R"({"a":")", "{\"a\":\"\xff\"}", "[1,]", "// x\n{}"}) {
        EXPECT_EQ(parsing(bad), "SerializationException") << bad;
    }
    EXPECT_EQ(parsing(std::string(100'000, '[')), "SerializationException");
    EXPECT_EQ(parsing(nested(60)), "good");  // has a better message waiting
}

// Goal: what goes through JSON or storage comes back the same, and one item has one encoding. Method: random items.
TEST(StoredItem, RoundTrips) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    for (int round = 0; round < 2000; ++round) {
        const Item item = random_item(random);
        const std::string bytes = encode_item(item);
        const auto decoded = decode_item(bytes);
        ASSERT_TRUE(decoded);
        ASSERT_EQ(*decoded, item);
        ASSERT_EQ(encode_item(*decoded), bytes);
        ASSERT_EQ(item_of(to_json(item)), item);
        for (const Attribute& each : item.attributes()) {
            const auto one = decode_attribute(bytes, each.name);
            ASSERT_TRUE(one && *one);
            ASSERT_EQ(**one, each.value);
        }
        const auto absent = decode_attribute(bytes, "zz");
        ASSERT_TRUE(absent);
        ASSERT_FALSE(*absent);
        ASSERT_FALSE(decode_item(std::string_view(bytes).substr(0, random.below(bytes.size()))));
    }
}

TEST(StoredItem, BytesStayTheSame) {  // items written today are read by tomorrow's program
    const Item item = item_of(R"({"a":{"S":"x"},"n":{"N":"-12"},"l":{"L":[{"BOOL":true},{"NULL":true}]}})");
    EXPECT_EQ(
        encode_item(item),
        std::string(
            "\x01\x03\x01"
            "a\x00\x01x\x01l\x07\x02\x08\x01\x09\x01n\x01\x81\x83\x0c",
            20
        )
    );
}

TEST(Limits, SizesAreAsDocumented) {
    EXPECT_EQ(size_of(item_of(R"({"name":{"S":"value"}})")), 9U);
    EXPECT_EQ(size_of(value_of(R"({"N":"0"})")), 1U);
    EXPECT_EQ(size_of(value_of(R"({"N":"1234"})")), 3U);
    EXPECT_EQ(size_of(value_of(R"({"N":"-1234"})")), 4U);
    EXPECT_EQ(size_of(value_of(R"({"B":"AP8="})")), 2U);
    EXPECT_EQ(size_of(value_of(R"({"SS":["a","bc"]})")), 3U);
    EXPECT_EQ(size_of(value_of(R"({"BOOL":true})")), 1U);
    EXPECT_EQ(size_of(value_of(R"({"NULL":true})")), 1U);
    EXPECT_EQ(size_of(value_of(R"({"L":[]})")), 3U);
    EXPECT_EQ(size_of(value_of(R"({"L":[{"S":"ab"},{"NULL":true}]})")), 8U);
    EXPECT_EQ(size_of(value_of(R"({"M":{"k":{"S":"ab"}}})")), 7U);

    Item item;
    item.set("a", std::string(item_bytes_max - 1, 'x'));
    EXPECT_TRUE(check_item_size(item));
    item.set("a", std::string(item_bytes_max, 'x'));
    EXPECT_EQ(check_item_size(item).error().message, "Item size has exceeded the maximum allowed size");
}

// Goal: keys as bytes sort as keys, also with something behind them. Method: random pairs of each type.
TEST(Key, BytesSortLikeValues) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    for (int round = 0; round < 6000; ++round) {
        const auto any = [&](std::uint64_t type) -> AttributeValue {
            if (type == 0) return random_bytes(random, 4);
            if (type == 1) return Binary{random_bytes(random, 4)};
            return random_number(random);
        };
        const auto type = random.below(3);
        const AttributeValue a = any(type), b = any(type);
        std::string key_a, key_b;
        append_key(key_a, a);
        append_key(key_b, b);
        const auto expected = *compare(a, b);
        ASSERT_EQ(key_a <=> key_b, expected);
        if (expected != 0) {
            ASSERT_EQ((key_a + "\xff\xff") <=> (key_b + std::string(2, '\0')), expected);
        }
        std::string_view rest = key_a;
        const auto back = take_key(rest, a.type());
        ASSERT_TRUE(back);
        ASSERT_EQ(*back, a);
        ASSERT_TRUE(rest.empty());
        if (type == 2) continue;
        const auto* text = type == 0 ? a.get<std::string>() : &a.get<Binary>()->bytes;
        const auto* other = type == 0 ? b.get<std::string>() : &b.get<Binary>()->bytes;
        std::string prefix;
        append_key_prefix(prefix, a);
        const auto end = behind_prefix(prefix);
        ASSERT_EQ(other->starts_with(*text), key_b >= prefix && (!end || key_b < *end));
    }
}

TEST(Key, ChecksTellWhatIsWrong) {
    const KeySchema schema{.hash = {"p", Type::S}, .sort = KeyAttribute{"s", Type::N}};
    const auto key = [&](std::string_view json) {
        const auto checked = check_key(item_of(json), schema);
        return checked ? "good" : checked.error().message;
    };
    const auto item = [&](std::string_view json) {
        const auto checked = check_item_key(item_of(json), schema);
        return checked ? "good" : checked.error().message;
    };
    const std::string mismatch = "The provided key element does not match the schema";
    const std::string invalid = "One or more parameter values were invalid: ";
    EXPECT_EQ(key(R"({"p":{"S":"x"},"s":{"N":"1"}})"), "good");
    EXPECT_EQ(key(R"({"p":{"S":"x"}})"), mismatch);
    EXPECT_EQ(key(R"({"p":{"S":"x"},"q":{"N":"1"}})"), mismatch);
    EXPECT_EQ(key(R"({"p":{"S":"x"},"s":{"S":"1"}})"), mismatch);
    EXPECT_EQ(key(R"({"p":{"S":"x"},"s":{"N":"1"},"t":{"N":"1"}})"), mismatch);
    const std::string empty =
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ";
    EXPECT_EQ(key(R"({"p":{"S":""},"s":{"N":"1"}})"), empty + "string value. Key: p");
    EXPECT_EQ(item(R"({"p":{"S":"x"}})"), invalid + "Missing the key s in the item");
    EXPECT_EQ(item(R"({"p":{"N":"1"},"s":{"N":"1"}})"), invalid + "Type mismatch for key p expected: S actual: N");
    const std::string long_key = R"({"p":{"S":")" + std::string(2049, 'x') + R"("},"s":{"N":"1"}})";
    EXPECT_EQ(item(long_key), invalid + "Size of hashkey has exceeded the maximum size limit of2048 bytes");
    const KeySchema index{.hash = {"g", Type::B}};
    EXPECT_TRUE(check_index_key(item_of(R"({"p":{"S":"x"}})"), index, "i"));
    EXPECT_EQ(
        check_index_key(item_of(R"({"g":{"S":"x"}})"), index, "i").error().message,
        invalid + "Type mismatch for Index Key g Expected: B Actual: S IndexName: i"
    );
}

// Goal: errors go out as DynamoDB's do. Method: the texts.
TEST(Errors, GoOverTheWire) {
    EXPECT_EQ(
        error_body(errors::validation("no \"x\"")),
        R"({"__type":"com.amazon.coral.validate#ValidationException","message":"no \"x\""})"
    );
    EXPECT_EQ(error_body(errors::serialization()), R"({"__type":"com.amazon.coral.service#SerializationException"})");
    const Item item = item_of(R"({"a":{"N":"1"}})");
    EXPECT_EQ(
        error_body(errors::conditional_check_failed(), &item),
        R"({"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",)"
        R"("message":"The conditional request failed","Item":{"a":{"N":"1"}}})"
    );
    const std::vector<CancellationReason> reasons{
        {}, {.code = "ConditionalCheckFailed", .message = "The conditional request failed", .item = item}
    };
    EXPECT_EQ(
        error_body(transaction_cancelled(reasons), reasons),
        R"({"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"Transaction cancelled, please )"
        R"(refer cancellation reasons for specific reasons [None, ConditionalCheckFailed]","CancellationReasons":[{"Code":)"
        R"("None"},{"Code":"ConditionalCheckFailed","Message":"The conditional request failed","Item":{"a":{"N":"1"}}}]})"
    );
    EXPECT_EQ(status_of("ValidationException"), 400);
    EXPECT_EQ(status_of("InternalServerError"), 500);
}

}  // namespace
}  // namespace cloudshelf::dynamodb
