#include "wire/s3/errors.hpp"

#include <gtest/gtest.h>

namespace cloudshelf::s3 {
namespace {

TEST(Errors, CarryS3sCodesAndMessages) {
    EXPECT_EQ(errors::no_such_key().code, "NoSuchKey");
    EXPECT_EQ(errors::no_such_key().message, "The specified key does not exist.");
    EXPECT_FALSE(errors::no_such_key().retryable);
    EXPECT_EQ(errors::content_sha256_mismatch().code, "XAmzContentSHA256Mismatch");
    EXPECT_EQ(errors::kms_key_not_found().code, "KMS.NotFoundException");
    EXPECT_EQ(errors::invalid_argument().message, "Invalid Argument");
    EXPECT_EQ(errors::invalid_argument("Part number must be positive").message, "Part number must be positive");
    EXPECT_EQ(errors::named("SomethingElse").code, "SomethingElse");
}

TEST(Errors, SayWhatToTryAgain) {
    EXPECT_TRUE(errors::named("SlowDown").retryable);
    EXPECT_TRUE(errors::internal().retryable);
    EXPECT_TRUE(errors::operation_aborted().retryable);
    EXPECT_FALSE(errors::not_implemented().retryable);
    EXPECT_FALSE(errors::precondition_failed().retryable);
}

TEST(Errors, HaveStatuses) {
    EXPECT_EQ(http_status("NoSuchBucket"), 404);
    EXPECT_EQ(http_status("BucketNotEmpty"), 409);
    EXPECT_EQ(http_status("InvalidRange"), 416);
    EXPECT_EQ(http_status("PreconditionFailed"), 412);
    EXPECT_EQ(http_status("NotModified"), 304);
    EXPECT_EQ(http_status("AccessDenied"), 403);
    EXPECT_EQ(http_status("MissingContentLength"), 411);
    EXPECT_EQ(http_status("MethodNotAllowed"), 405);
    EXPECT_EQ(http_status("NotImplemented"), 501);
    EXPECT_EQ(http_status("SlowDown"), 503);
    EXPECT_EQ(http_status("PermanentRedirect"), 301);
    EXPECT_EQ(http_status("NobodyKnows"), 400);
}

}  // namespace
}  // namespace cloudshelf::s3
