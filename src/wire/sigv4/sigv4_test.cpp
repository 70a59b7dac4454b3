#include "base/digest.hpp"
#include "base/hex.hpp"
#include "base/random.hpp"
#include "wire/sigv4/canonical.hpp"
#include "wire/sigv4/chunks.hpp"
#include "wire/sigv4/credentials.hpp"
#include "wire/sigv4/sign.hpp"
#include "wire/sigv4/verify.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace cloudshelf::sigv4 {
namespace {

using namespace std::chrono_literals;

constexpr Time august = std::chrono::sys_days(std::chrono::year(2015) / 8 / 30) + 12h + 36min;  // of AWS's test suite
constexpr Time may = std::chrono::sys_days(std::chrono::year(2013) / 5 / 24);                   // of S3's examples

const Credentials suite_key{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "", Permission::admin, "suite"};
const Credentials s3_key{
    "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "", Permission::admin, "s3"
};
const Keyring keyring{{suite_key.access_key_id, suite_key}, {s3_key.access_key_id, s3_key}};

const std::string nothing = sha256_hex("");

/// A request that owns its parts.
struct Sent {
    std::string method = "GET";
    std::string target = "/";
    Headers headers;
    std::string body_sha256 = nothing;

    Request view() const { return {method, target, headers, body_sha256}; }
    std::string& header(std::string_view name) {
        for (auto& [each, value] : headers) {
            if (each == name) return value;
        }
        return headers.emplace_back(std::string(name), "").second;
    }
};

std::string signature(const Sent& sent, const Credentials& key, const SigningOptions& options, Time now) {
    const Headers added = sign(sent.view(), key, options, now);
    const std::string& authorization = added.back().second;
    return authorization.substr(authorization.find("Signature=") + 10);
}

Sent signed_with(Sent sent, const Credentials& key, const SigningOptions& options, Time now) {
    const Headers added = sign(sent.view(), key, options, now);
    sent.headers.insert(sent.headers.end(), added.begin(), added.end());
    return sent;
}

const SigningOptions dynamodb{.region = "us-east-1", .service = "dynamodb"};
const SigningOptions s3{.region = "us-east-1", .service = "s3", .dialect = Dialect::s3};

Sent good() {
    return signed_with(
        {.method = "POST", .headers = {{"Host", "127.1.0.1:8000"}, {"X-Amz-Target", "DynamoDB_20120810.ListTables"}}},
        suite_key,
        dynamodb,
        august
    );
}

Result<Verified> verified(const Sent& sent, Time now = august, const SigningOptions& options = dynamodb) {
    SigningKeys keys;
    return verify(
        sent.view(),
        keyring,
        {.region = options.region, .service = options.service, .dialect = options.dialect},
        now,
        keys
    );
}

std::string refusal(const Sent& sent, Time now = august, const SigningOptions& options = dynamodb) {
    const auto result = verified(sent, now, options);
    return result ? "good" : result.error().code + ": " + result.error().message;
}

// Goal: signatures are AWS's. Method: its published examples.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html (key, ListUsers), and the
// "aws-sig-v4-test-suite" linked there.
TEST(Sign, MatchesTheTestSuite) {
    const Mac key = signing_key(suite_key.secret_access_key, {"20150830", "us-east-1", "iam"});
    EXPECT_EQ(hex({key.data(), key.size()}), "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");

    const Sent list_users{
        .target = "/?Action=ListUsers&Version=2010-05-08",
        .headers =
            {{"Host", "iam.amazonaws.com"}, {"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
    };
    EXPECT_EQ(
        signature(list_users, suite_key, {.region = "us-east-1", .service = "iam"}, august),
        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    );

    const auto of = [](std::string method, std::string target) {
        const Sent sent{
            .method = std::move(method), .target = std::move(target), .headers = {{"Host", "example.amazonaws.com"}}
        };
        return signature(sent, suite_key, {.region = "us-east-1", .service = "service"}, august);
    };
    EXPECT_EQ(of("GET", "/"), "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    EXPECT_EQ(of("POST", "/"), "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
    EXPECT_EQ(of("GET", "/example/.."), of("GET", "/"));
    EXPECT_EQ(of("GET", "/./"), of("GET", "/"));
    EXPECT_EQ(of("GET", "//"), of("GET", "/"));
    EXPECT_EQ(
        of("GET", "/?Param2=value2&Param1=value1"), "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
    );
    EXPECT_EQ(of("GET", "/?\xe1\x88\xb4=bar"), "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04");
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html and sigv4-query-string-auth.html
TEST(Sign, MatchesTheExamplesOfS3) {
    const std::string host = "examplebucket.s3.amazonaws.com";
    EXPECT_EQ(
        signature({.target = "/test.txt", .headers = {{"Host", host}, {"Range", "bytes=0-9"}}}, s3_key, s3, may),
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    );
    EXPECT_EQ(
        signature(
            {.method = "PUT",
             .target = "/test$file.text",
             .headers =
                 {{"Host", host},
                  {"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                  {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
             .body_sha256 = sha256_hex("Welcome to Amazon S3.")},
            s3_key,
            s3,
            may
        ),
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
    );
    EXPECT_EQ(
        signature({.target = "/?lifecycle", .headers = {{"Host", host}}}, s3_key, s3, may),
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"
    );
    const std::string target =
        presign(Sent{.target = "/test.txt", .headers = {{"host", host}}}.view(), s3_key, s3, may, 24h);
    EXPECT_TRUE(target.ends_with("&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"))
        << target;
}

// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
TEST(Chunks, MatchTheExampleOfS3) {
    Sent sent{
        .method = "PUT",
        .target = "/examplebucket/chunkObject.txt",
        .headers =
            {{"host", "s3.amazonaws.com"},
             {"x-amz-date", "20130524T000000Z"},
             {"x-amz-storage-class", "REDUCED_REDUNDANCY"},
             {"x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"},
             {"content-encoding", "aws-chunked"},
             {"x-amz-decoded-content-length", "66560"},
             {"content-length", "66824"},
             {"authorization",
              "AWS4-HMAC-SHA256 "
              "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=content-"
              "encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-"
              "class,"
              "Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"}},
    };
    const auto accepted = verified(sent, may, s3);
    ASSERT_TRUE(accepted) << accepted.error().message;
    EXPECT_EQ(accepted->payload, Payload::signed_chunks);

    const Mac key = signing_key(s3_key.secret_access_key, accepted->scope);
    const std::string data(66560, 'a');
    std::string previous = accepted->signature;
    std::string wire =
        signed_chunk(std::string_view(data).substr(0, 65536), accepted->time, accepted->scope, key, previous);
    EXPECT_EQ(previous, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648");
    wire += signed_chunk(std::string_view(data).substr(65536), accepted->time, accepted->scope, key, previous);
    EXPECT_EQ(previous, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497");
    wire += signed_chunk("", accepted->time, accepted->scope, key, previous);
    EXPECT_EQ(previous, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9");
    EXPECT_EQ(wire.size(), 66824U);

    // However the bytes come, the same is read.
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    ChunkReader reader(*accepted, key);
    std::string body;
    for (std::string_view rest = wire; !rest.empty();) {
        const auto piece = 1 + random.below(random.below(2) == 0 ? 10 : 20'000);
        ASSERT_TRUE(reader.feed(rest.substr(0, piece), body));
        rest.remove_prefix(std::min<std::size_t>(piece, rest.size()));
    }
    EXPECT_TRUE(reader.finished());
    EXPECT_EQ(body, data);

    for (int round = 0; round < 20; ++round) {
        std::string bent = wire;
        bent[random.below(bent.size())] ^= 1;
        ChunkReader strict(*accepted, key);
        std::string ignored;
        EXPECT_TRUE(!strict.feed(bent, ignored) || !strict.finished());
    }
    ChunkReader cut(*accepted, key);
    EXPECT_TRUE(cut.feed(std::string_view(wire).substr(0, wire.size() - 1), body));
    EXPECT_FALSE(cut.finished());
}

TEST(Chunks, TrailersAreRead) {
    Verified request;
    request.payload = Payload::unsigned_trailer;
    ChunkReader reader(request, {});
    std::string body;
    EXPECT_TRUE(reader.feed("5\r\nhello\r\n0\r\nx-amz-checksum-crc32c:AAAAAA==\r\n\r\n", body));
    EXPECT_TRUE(reader.finished());
    EXPECT_EQ(body, "hello");
    ASSERT_EQ(reader.trailer().size(), 1U);
    EXPECT_EQ(reader.trailer()[0].second, "AAAAAA==");
    EXPECT_FALSE(reader.feed("x", body));
    ChunkReader strict(request, {});
    EXPECT_FALSE(strict.feed("5;chunk-signature=00\r\nhello\r\n", body));
}

TEST(Verify, TakesWhatWeSign) {
    const auto accepted = verified(good());
    ASSERT_TRUE(accepted) << accepted.error().message;
    EXPECT_EQ(accepted->credentials->profile, "suite");
    EXPECT_TRUE(verified(good(), august + 15min));
    EXPECT_TRUE(verified(good(), august - 15min));

    Sent object{.target = "/bucket/a%20b/%C3%A4?x=%2F&y", .headers = {{"Host", "h"}}};
    EXPECT_EQ(refusal(signed_with(object, suite_key, s3, august), august, s3), "good");
    EXPECT_EQ(refusal(signed_with(object, suite_key, dynamodb, august)), "good");
    object.target = presign(object.view(), suite_key, s3, august, 1h);
    EXPECT_EQ(refusal(object, august + 1h, s3), "good");
    EXPECT_TRUE(refusal(object, august + 1h + 1s, s3).starts_with("InvalidSignatureException: Signature expired: "));
    object.headers[0].second = "other";
    EXPECT_TRUE(
        refusal(object, august, s3).starts_with("InvalidSignatureException: The request signature we calculated")
    );
}

// Goal: refusals have AWS's names and texts, in its order. Method: one thing wrong at a time.
TEST(Verify, TellsWhatIsWrong) {
    EXPECT_EQ(refusal({}), "MissingAuthenticationTokenException: Request is missing Authentication Token");
    EXPECT_EQ(
        refusal({.headers = {{"Authorization", "Basic x"}}}),
        "MissingAuthenticationTokenException: Request is missing Authentication Token"
    );
    EXPECT_EQ(
        refusal({.headers = {{"Authorization", "AWS4-"}}}),
        "IncompleteSignatureException: Authorization header requires 'Credential' parameter. Authorization header "
        "requires "
        "'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires "
        "existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-"
    );
    EXPECT_EQ(
        refusal({.headers = {{"Authorization", "AWS4-HMAC-SHA256 Signature=b, Credential"}}}),
        "IncompleteSignatureException: 'Credential' not a valid key=value pair (missing equal-sign) in Authorization "
        "header: "
        "'AWS4-HMAC-SHA256 Signature=b, Credential'."
    );
    EXPECT_EQ(
        refusal({.target = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=x"}),
        "IncompleteSignatureException: AWS query-string parameters must include 'X-Amz-Credential'. AWS query-string "
        "parameters must include 'X-Amz-Signature'. AWS query-string parameters must include 'X-Amz-SignedHeaders'. "
        "Re-examine the query-string parameters."
    );

    EXPECT_EQ(
        refusal(good(), august + 15min + 1s),
        "InvalidSignatureException: Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z "
        "(20150830T125101Z - 15 min.)"
    );
    EXPECT_EQ(
        refusal(good(), august - 15min - 1s),
        "InvalidSignatureException: Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z "
        "(20150830T122059Z + 15 min.)"
    );

    const auto changed = [](std::string_view header, std::string_view from, std::string_view to) {
        Sent sent = good();
        std::string& value = sent.header(header);
        const auto at = value.find(from);
        EXPECT_NE(at, std::string::npos);
        value.replace(at, from.size(), to);
        return refusal(sent);
    };
    EXPECT_EQ(
        changed("X-Amz-Date", "20150830T123600Z", "201"),
        "IncompleteSignatureException: Date must be in ISO-8601 'basic format'. Got '201'. See "
        "http://en.wikipedia.org/wiki/ISO_8601"
    );
    EXPECT_EQ(
        changed("Authorization", "=host;", "="),
        "InvalidSignatureException: 'Host' must be a 'SignedHeader' in the AWS Authorization."
    );
    EXPECT_EQ(
        changed("Authorization", ";x-amz-target", ""),
        "InvalidSignatureException: There were headers present in the request which were not signed: x-amz-target"
    );
    EXPECT_EQ(
        changed("Authorization", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA25"),
        "IncompleteSignatureException: Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA25' (only AWS4-HMAC-SHA256 for now). "
    );
    EXPECT_EQ(
        changed("Authorization", "/aws4_request", ""),
        "IncompleteSignatureException: Credential must have exactly 5 slash-delimited elements, e.g. "
        "keyid/date/region/service/term, got 'AKIDEXAMPLE/20150830/us-east-1/dynamodb'"
    );
    EXPECT_EQ(
        changed("Authorization", "20150830/us-east-1/dynamodb/aws4_request", "20150829/mars/s3/term"),
        "InvalidSignatureException: Credential should be scoped to a valid region, not 'mars'. Credential should be "
        "scoped to "
        "correct service: 'dynamodb'. Credential should be scoped with a valid terminator: 'aws4_request', not 'term'. "
        "Date "
        "in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150829' != "
        "'20150830', from "
        "'20150830T123600Z'."
    );
    EXPECT_EQ(
        changed("Authorization", "AKIDEXAMPLE", "AKIDOTHER"),
        "UnrecognizedClientException: The security token included in the request is invalid."
    );
    const std::string mismatch = changed("Host", "8000", "8001");
    EXPECT_TRUE(
        mismatch.starts_with("InvalidSignatureException: The request signature we calculated does not match the "
                             "signature you provided. Check "
                             "your AWS Secret Access Key and signing method. Consult the service documentation for "
                             "details.\n\nThe Canonical "
                             "String for this request should have been\n'POST\n/\n\nhost:127.1.0.1:8001\n")
    ) << mismatch;

    Sent body = good();
    body.body_sha256 = sha256_hex("other");
    EXPECT_TRUE(refusal(body).starts_with("InvalidSignatureException: The request"));
    Sent object = signed_with({.headers = {{"Host", "h"}}}, suite_key, s3, august);
    object.body_sha256 = sha256_hex("other");
    EXPECT_TRUE(refusal(object, august, s3).starts_with("XAmzContentSHA256Mismatch: "));
}

TEST(Verify, SessionTokensBelongToTheirKeys) {
    Credentials session = suite_key;
    session.session_token = "token/+=";
    const Keyring with_token{{session.access_key_id, session}};
    const Sent unsigned_request{.headers = {{"Host", "h"}}};
    const auto result = [](const Sent& sent, const Keyring& of, const SigningOptions& options) {
        SigningKeys keys;
        const Expected expected{.region = options.region, .service = options.service, .dialect = options.dialect};
        const auto answer = verify(sent.view(), of, expected, august, keys);
        return answer ? "good" : answer.error().code;
    };
    const Sent sent = signed_with(unsigned_request, session, dynamodb, august);
    EXPECT_EQ(result(sent, with_token, dynamodb), "good");
    EXPECT_EQ(result(sent, keyring, dynamodb), "UnrecognizedClientException");  // a token, and the key has none
    EXPECT_EQ(
        result(signed_with(unsigned_request, suite_key, dynamodb, august), with_token, dynamodb),
        "UnrecognizedClientException"
    );
    Sent presigned = unsigned_request;
    presigned.target = presign(presigned.view(), session, s3, august, 60s);
    EXPECT_EQ(result(presigned, with_token, s3), "good");
}

// Goal: no bit of a signed request can be changed. Method: each in turn.
TEST(Verify, NothingSignedCanBeChanged) {
    const Sent original = good();
    const auto still_good = [&](auto&& change) {
        for (int bit = 0; bit < 7; ++bit) {
            Sent sent = original;
            change(sent, bit);
            if (verified(sent)) return true;
        }
        return false;
    };
    EXPECT_FALSE(still_good([](Sent& sent, int bit) { sent.target += static_cast<char>('1' << (bit % 2)); }));
    for (std::size_t i = 0; i < original.method.size(); ++i) {
        EXPECT_FALSE(still_good([&](Sent& sent, int bit) { sent.method[i] ^= static_cast<char>(1 << bit); }));
    }
    for (std::size_t header = 0; header < original.headers.size(); ++header) {
        if (original.headers[header].first == "Authorization") continue;
        for (std::size_t i = 0; i < original.headers[header].second.size(); ++i) {
            EXPECT_FALSE(still_good([&](Sent& sent, int bit) {
                sent.headers[header].second[i] ^= static_cast<char>(1 << bit);
            })) << original.headers[header].first;
        }
    }
}

TEST(SigningKeys, AreRememberedAndBounded) {
    SigningKeys keys(4);
    for (int day = 0; day < 20; ++day) {
        const Scope scope{std::to_string(20150830 + day), "us-east-1", "s3"};
        EXPECT_EQ(keys.get("secret", scope), signing_key("secret", scope));
        EXPECT_EQ(keys.get("secret", scope), signing_key("secret", scope));
        EXPECT_LE(keys.size(), 4U);
    }
}

TEST(Credentials, ReadsProfiles) {
    const auto read = read_credentials(
        "# of the shop\n"
        "[shop]\r\n"
        "aws_access_key_id = AKIASHOP\n"
        "aws_secret_access_key=se/cr+et=\n"
        "cloudshelf_permissions = write\n"
        "region = us-east-1\n"
        "\n"
        "[ operator ]\n"
        "aws_access_key_id = AKIAOPERATOR\n"
        "aws_secret_access_key = other\n"
        "aws_session_token = token"
    );
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->size(), 2U);
    const Credentials& shop = read->at("AKIASHOP");
    EXPECT_EQ(shop.profile, "shop");
    EXPECT_EQ(shop.secret_access_key, "se/cr+et=");
    EXPECT_EQ(shop.permission, Permission::write);
    EXPECT_EQ(read->at("AKIAOPERATOR").permission, Permission::admin);
    EXPECT_EQ(read->at("AKIAOPERATOR").session_token, "token");
}

TEST(Credentials, TellsTheLine) {
    const auto why = [](std::string_view text) {
        const auto read = read_credentials(text);
        return read ? "good" : read.error().message;
    };
    EXPECT_EQ(why(""), "good");
    EXPECT_EQ(why("a = b"), "credentials file, line 1: expected [profile] before anything else");
    EXPECT_EQ(why("\n[a"), "credentials file, line 2: expected [profile]");
    EXPECT_EQ(why("[a]\nb"), "credentials file, line 2: expected name = value");
    EXPECT_EQ(
        why("[a]\naws_access_key_id = x"),
        "credentials file, line 1: [a] needs aws_access_key_id and aws_secret_access_key"
    );
    const std::string key = "aws_access_key_id = x\naws_secret_access_key = y\n";
    EXPECT_EQ(why("[a]\n" + key + "[b]\n" + key), "credentials file, line 4: key x is there twice");
    EXPECT_EQ(
        why("[a]\ncloudshelf_permissions = all"),
        "credentials file, line 2: cloudshelf_permissions is read, write or admin, not all"
    );
}

}  // namespace
}  // namespace cloudshelf::sigv4
