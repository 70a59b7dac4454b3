#include "io/certificates.hpp"

#include "io/file.hpp"
#include "support/authority.hpp"

#include <set>
#include <sys/stat.h>

namespace cloudshelf::io {
namespace {

using testing::Authority;

unsigned mode_of(const std::filesystem::path& file) {
    struct stat status{};
    return ::stat(file.c_str(), &status) == 0 ? status.st_mode & 0777 : 0;
}

// Goal: what was asked for is in the certificate, and its key is nobody else's business.
TEST(Certificates, CarryWhatWasAskedFor) {
    const Authority authority;
    const auto now = std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
    const Validity validity{.from = now - std::chrono::hours(2), .until = now + std::chrono::hours(3)};
    const auto identity = authority.issue("us-east-1", {"127.1.0.1", "127.1.1.2"}, validity);
    const auto info = read_certificate(identity.certificate_file);
    ASSERT_TRUE(info);
    EXPECT_EQ(info->subject, "us-east-1");
    EXPECT_EQ(info->issuer, "test CA");
    EXPECT_EQ(info->from, validity.from);
    EXPECT_EQ(info->until, validity.until);
    EXPECT_EQ(info->dns_names, std::vector<std::string>{"us-east-1.cloudshelf.internal"});
    EXPECT_EQ(info->addresses, (std::vector<std::string>{"127.1.0.1", "127.1.1.2"}));
    EXPECT_EQ(mode_of(identity.key_file), 0600u);
    EXPECT_EQ(mode_of(identity.certificate_file), 0644u);
    EXPECT_EQ(mode_of(authority.files("ca").key), 0600u);
}

// Goal: issued again, a certificate has another serial and another key.
TEST(Certificates, AreNewEachTime) {
    const Authority authority;
    std::set<std::string> serials;
    std::set<std::string> keys;
    for (int i = 0; i < 20; ++i) {
        const auto identity = authority.issue("a");
        serials.insert(read_certificate(identity.certificate_file)->serial);
        keys.insert(*read_file(identity.key_file));
        EXPECT_TRUE(check_pair(*read_file(identity.certificate_file), *read_file(identity.key_file)));
    }
    EXPECT_EQ(serials.size(), 20u);
    EXPECT_EQ(keys.size(), 20u);
    EXPECT_GE(serials.begin()->size(), 39u);  // about 159 bits
}

// Goal: no name becomes two, and what is missing or broken is an error with the file's name.
TEST(Certificates, RefuseWhatIsNoName) {
    const Authority authority;
    const auto issue = [&](CertificateRequest request) {
        request.validity = Validity::days(1);
        const auto done = issue_certificate(authority.files("ca"), std::move(request), authority.files("bad"));
        return done ? "" : done.error().code;
    };
    EXPECT_EQ(issue({.name = "a", .dns_names = {"a,IP:10.0.0.1"}}), "io.certificate");
    EXPECT_EQ(issue({.name = "a", .dns_names = {""}}), "io.certificate");
    EXPECT_EQ(issue({.name = "a", .addresses = {"127.1"}}), "io.certificate");
    EXPECT_EQ(issue({.name = "a"}), "io.certificate");
    EXPECT_EQ(issue({.name = std::string(65, 'a'), .dns_names = {"a"}}), "io.certificate");  // longer than a CN may be
    EXPECT_FALSE(std::filesystem::exists(authority.files("bad").key));

    ASSERT_TRUE(replace_file(authority.folder / "no.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n"));
    const auto broken = read_certificate(authority.folder / "no.crt");
    ASSERT_FALSE(broken);
    EXPECT_EQ(broken.error().code, "io.certificate");
    EXPECT_NE(broken.error().message.find("no.crt"), std::string::npos);
    EXPECT_EQ(read_certificate(authority.folder / "away.crt").error().code, "io.no-file");
    authority.issue("a");
    authority.issue("b");
    EXPECT_FALSE(check_pair(*read_file(authority.files("a").certificate), *read_file(authority.files("b").key)));
}

}  // namespace
}  // namespace cloudshelf::io
